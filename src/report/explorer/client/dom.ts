import { visible } from '../../markup.ts';

/** The page's element of an id. @throws Error when the page has none of that kind. */
export function find<T extends HTMLElement>(id: string, kind: abstract new () => T): T {
  const found = document.getElementById(id);
  if (found instanceof kind) return found;
  throw new Error(`page: expected an element ${id}`);
}

type Child = string | Node;

/** A new element. Text stays text: nothing here is read as markup. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Readonly<Record<string, string>> = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** A name from outside: its own stretch of the line whichever way its script runs, what cannot be seen written out. */
export function outsideName(text: string): HTMLElement {
  return element('bdi', { class: 'name' }, visible(text));
}

export function contextOf(canvas: HTMLCanvasElement): CanvasRenderingContext2D {
  const context = canvas.getContext('2d');
  if (context === null) throw new Error('page: expected a canvas that can be drawn on');
  return context;
}

/** Runs once, when nothing has asked for it again for a while. */
export function settled(milliseconds: number, run: () => void): () => void {
  let timer = 0;
  return () => {
    window.clearTimeout(timer);
    timer = window.setTimeout(run, milliseconds);
  };
}

/** Runs before the next frame, once however often it was asked for. */
export function eachFrame(run: () => void): () => void {
  let isAsked = false;
  return () => {
    if (isAsked) return;
    isAsked = true;
    window.requestAnimationFrame(() => {
      isAsked = false;
      run();
    });
  };
}
