import { controls } from './controls.ts';
import { find, outsideName, settled } from './dom.ts';
import { readRecord } from './record.ts';
import { stage } from './stage.ts';
import { steps } from './steps.ts';
import { createStore } from './store.ts';
import type { Store } from './store.ts';
import { fragmentOf, viewOf } from './view.ts';
import { wall } from './wall.ts';

async function start(): Promise<void> {
  const record = await readRecord();
  const { data } = record;
  const { architecture, name, backend, precision } = data.model;
  find('model', HTMLElement).append(
    outsideName(architecture),
    ' (',
    outsideName(name),
    ')',
    ` on ${backend} in ${precision}`,
  );
  const store = createStore(record, viewOf(window.location.hash, data));
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
  window.addEventListener('hashchange', () => store.change(viewOf(window.location.hash, store.data)));
}

start().catch((error: unknown) => {
  find('model', HTMLElement).textContent = `This page cannot show its record: ${String(error)}`;
  throw error;
});
