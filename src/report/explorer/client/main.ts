import type { ExplorerData } from '../explorer-data.ts';
import { controls } from './controls.ts';
import { find, outsideName, settled } from './dom.ts';
import { readRecord } from './record.ts';
import { stage } from './stage.ts';
import { steps } from './steps.ts';
import { createStore } from './store.ts';
import type { Store } from './store.ts';
import { firstView, fragmentOf, viewOf } from './view.ts';
import type { View } from './view.ts';
import { wall } from './wall.ts';

async function start(): Promise<void> {
  const record = await readRecord();
  const { data } = record;
  const { architecture, backend, precision } = data.model;
  const { Gh, Gw } = data.grid;
  const how = `: ${Gh} × ${Gw} patches, computed on ${backend} in ${precision}`;
  find('model', HTMLElement).append(outsideName(architecture), how);
  const store = createStore(record, askedView(data));
  stage(store);
  controls(store);
  wall(store);
  steps(store);
  keepAddress(store);
  // Told last, when every part is drawn. Tests wait for it, benchmarks read its time.
  store.onChange(() => {
    if (document.documentElement.dataset['ready'] !== undefined) return;
    document.documentElement.dataset['ready'] = 'true';
    window.performance.mark('drawn');
  });
}

/** The address says what is seen, and a new one is followed. */
function keepAddress(store: Store): void {
  // Browsers refuse an address that changes with every step of a slider.
  const write = settled(200, () => {
    const fragment = `#${fragmentOf(store.shown.view, store.data)}`;
    if (fragment !== window.location.hash) window.history.replaceState(undefined, '', fragment);
  });
  store.onChange(write);
  window.addEventListener('hashchange', () => store.change(askedView(store.data)));
}

/** What the address asks for. A narrow screen starts with the model's view alone, whose patches are large enough to tap. */
function askedView(data: ExplorerData): View {
  const isNarrow = window.matchMedia('(max-width: 40rem)').matches;
  const first = firstView(data);
  return viewOf(window.location.hash, data, isNarrow ? { ...first, picture: 'model' } : first);
}

start().catch((error: unknown) => {
  find('model', HTMLElement).textContent = `This page cannot show its record: ${String(error)}`;
  throw error;
});
