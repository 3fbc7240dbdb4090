import { element, find, outsideName } from './dom.ts';
import { percentText } from './numbers.ts';
import { METHOD_NAMES } from './shown-map.ts';
import type { Store } from './store.ts';
import { ATTENTION, COLOURS, RANGES } from './view.ts';
import type { View } from './view.ts';

/** The choices beside the map: each shows the view and changes it. */
export function controls(store: Store): void {
  sliders(store);
  choices(store);
  directions(store);
  predictions(store);
}

function sliders(store: Store): void {
  const { attention } = store.data;
  const last = attention.layers.length - 1;
  slider(store, 'layer', {
    most: last,
    valueOf: ({ layer }) => attention.layers.indexOf(layer),
    textOf: ({ layer }) => String(layer),
    change: (place) => ({ layer: attention.layers[place] ?? 0, method: ATTENTION }),
  });
  slider(store, 'head', {
    most: attention.numHeads - 1,
    valueOf: ({ head }) => (head === 'mean' ? -1 : head),
    textOf: ({ head }) => (head === 'mean' ? 'mean of all' : String(head)),
    change: (head) => ({ head: head < 0 ? 'mean' : head, method: ATTENTION }),
  });
  slider(store, 'mass', {
    valueOf: ({ mass }) => mass,
    textOf: ({ mass }) => (mass === 100 ? 'all patches' : `patches with ${mass} % of the sum`),
    change: (mass) => ({ mass }),
  });
  slider(store, 'opacity', {
    valueOf: ({ opacity }) => opacity,
    textOf: ({ opacity }) => `${opacity} %`,
    change: (opacity) => ({ opacity }),
  });
}

interface Slider {
  readonly most?: number;
  readonly valueOf: (view: View) => number;
  readonly textOf: (view: View) => string;
  readonly change: (value: number) => Partial<View>;
}

function slider(store: Store, id: string, { most, valueOf, textOf, change }: Slider): void {
  const input = find(id, HTMLInputElement);
  const output = find(`${id}-value`, HTMLOutputElement);
  if (most !== undefined) input.max = String(most);
  input.addEventListener('input', () => store.change(change(Number(input.value))));
  store.onChange(({ view }) => {
    input.value = String(valueOf(view));
    output.textContent = textOf(view);
    input.setAttribute('aria-valuetext', textOf(view));
  });
}

function choices(store: Store): void {
  const { maps, pictures } = store.data;
  const methods = [...new Set([ATTENTION, ...maps.map(({ method }) => method)])];
  fill('method', methods, (method) => METHOD_NAMES[method] ?? method);
  fill('colours', COLOURS, (name) => name);
  const picture = select(store, 'picture-choice', {
    valueOf: (view) => view.picture,
    change: (name) => ({ picture: name === 'model' ? 'model' : 'photograph' }),
  });
  picture.disabled = pictures.photograph === undefined;
  select(store, 'method', { valueOf: ({ method }) => method, change: (method) => ({ method }) });
  select(store, 'range', {
    valueOf: (view) => view.range,
    change: (name) => ({ range: RANGES.find((known) => known === name) ?? 'own' }),
  });
  select(store, 'colours', {
    valueOf: ({ colours }) => colours,
    change: (name) => ({ colours: COLOURS.find((known) => known === name) ?? 'viridis' }),
  });
}

function fill(id: string, values: readonly string[], textOf: (value: string) => string): void {
  find(id, HTMLSelectElement).append(...values.map((value) => element('option', { value }, textOf(value))));
}

interface Choice {
  readonly valueOf: (view: View) => string;
  readonly change: (value: string) => Partial<View>;
}

function select(store: Store, id: string, { valueOf, change }: Choice): HTMLSelectElement {
  const box = find(id, HTMLSelectElement);
  box.addEventListener('change', () => store.change(change(box.value)));
  store.onChange(({ view }) => {
    box.value = valueOf(view);
  });
  return box;
}

function directions(store: Store): void {
  const buttons = [...document.querySelectorAll<HTMLInputElement>('input[name="direction"]')];
  for (const button of buttons) {
    button.addEventListener('change', () => {
      store.change({ direction: button.value === 'to' ? 'to' : 'from', method: ATTENTION });
    });
  }
  store.onChange(({ view }) => {
    for (const button of buttons) button.checked = button.value === view.direction;
  });
}

/** The predicted classes, of which one is explained by the methods that depend on the class. */
function predictions(store: Store): void {
  const { data } = store;
  const ofClass = new Set(data.maps.filter(({ target }) => target !== undefined).map(({ method }) => method));
  const [firstOfClass] = ofClass;
  const rows = data.predictions.map(({ index, label, probability }) => {
    const input = element('input', { type: 'radio', name: 'target', value: String(index) });
    const share = element('span', { class: 'share' }, percentText(probability));
    const row = element('label', { class: 'prediction' }, input, outsideName(label), share);
    row.style.setProperty('--share', String(probability));
    input.addEventListener('change', () => {
      const { method } = store.shown.view;
      // A class was chosen: a method that is the same for every class would not answer.
      store.change({ target: index, method: ofClass.has(method) ? method : (firstOfClass ?? method) });
    });
    return { row, input, index };
  });
  find('predictions', HTMLElement).append(...rows.map(({ row }) => row));
  const note = find('class-note', HTMLElement);
  store.onChange(({ view }) => {
    for (const { input, index } of rows) input.checked = index === view.target;
    const name = METHOD_NAMES[view.method] ?? view.method;
    note.textContent = ofClass.has(view.method)
      ? `${name} explains the chosen class.`
      : `${name} is the same for every class.`;
  });
}
