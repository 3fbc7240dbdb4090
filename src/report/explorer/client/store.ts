import type { PageRecord } from '../page-record.ts';
import { eachFrame } from './dom.ts';
import type { View } from './view.ts';

/** What a part of the page is shown: the view, and where the pointer or the focus is. */
export interface Shown {
  readonly view: View;
  /** The token that asks: the view's, or the one pointed at while none is kept. */
  readonly asking: number;
  /** The token that is pointed at, whose value is told; -1 for none. */
  readonly pointed: number;
  readonly isKept: boolean;
}

/** The state of the page and who is told of it, before the next frame after a change. */
export interface Store extends PageRecord {
  readonly shown: Shown;
  change(change: Partial<View>): void;
  /** -1 for none. */
  point(token: number): void;
  keep(isKept: boolean): void;
  /** Parts are told in the order in which they asked. */
  onChange(listener: (shown: Shown) => void): void;
}

export function createStore(record: PageRecord, first: View): Store {
  let [view, pointed, isKept] = [first, -1, false];
  const listeners: ((shown: Shown) => void)[] = [];
  const shownNow = (): Shown => ({ view, pointed, isKept, asking: isKept || pointed < 0 ? view.token : pointed });
  const ask = eachFrame(() => {
    for (const listener of listeners) listener(shownNow());
  });
  return {
    ...record,
    get shown() {
      return shownNow();
    },
    change: (change) => {
      view = { ...view, ...change };
      ask();
    },
    point: (token) => {
      if (token === pointed) return;
      pointed = token;
      ask();
    },
    keep: (kept) => {
      isKept = kept;
      ask();
    },
    onChange: (listener) => {
      listeners.push(listener);
      ask();
    },
  };
}
