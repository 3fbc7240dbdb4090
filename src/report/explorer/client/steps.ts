import type { ExploredSteps } from '../explorer-data.ts';
import { element, find } from './dom.ts';
import { float32Text } from './numbers.ts';
import type { Store } from './store.ts';
import { ATTENTION, tokenName, tokenPhrase } from './view.ts';
import type { View } from './view.ts';

const FIRST_KEYS = 16;

/** One row of attention with every number on the way, in the layers and heads whose exact numbers are kept. */
export function steps(store: Store): void {
  const { data } = store;
  const [first] = data.steps;
  const note = find('steps-note', HTMLElement);
  if (first === undefined) {
    note.textContent = data.withoutSteps ?? 'No exact numbers were kept.';
    return;
  }
  note.textContent = `How ${tokenPhrase(data.grid, first.token)} comes to its weights: its query meets the key of every token, the scores are scaled and put through a softmax, and the weights mix the values.`;
  const places = data.steps.map((one) => placeButton(store, one));
  find('steps-places', HTMLElement).append(...places.map(({ button }) => button));
  const body = find('steps-body', HTMLElement);
  let shownSteps = first;
  let isWhole = false;
  let drawn = '';
  const draw = (view: View): void => {
    shownSteps = data.steps.find(({ layer, head }) => layer === view.layer && head === view.head) ?? shownSteps;
    const key = [shownSteps.layer, shownSteps.head, view.key, isWhole].join(' ');
    if (key === drawn) return;
    drawn = key;
    for (const { button, one } of places) button.setAttribute('aria-pressed', String(one === shownSteps));
    const focused = document.activeElement instanceof HTMLElement ? document.activeElement.dataset['key'] : undefined;
    const showAll = (): void => {
      isWhole = true;
      draw(store.shown.view);
      // The button that had the focus is gone; what it revealed comes next.
      body.querySelectorAll<HTMLElement>('[data-key]')[FIRST_KEYS]?.focus();
    };
    body.replaceChildren(...sections(store, shownSteps, { chosen: view.key, isWhole, showAll }));
    if (focused !== undefined) body.querySelector<HTMLElement>(`[data-key="${focused}"]`)?.focus();
  };
  store.onChange(({ view }) => draw(view));
}

function placeButton(store: Store, one: ExploredSteps) {
  const { layer, head, token } = one;
  const button = element('button', { type: 'button' }, `layer ${layer}, head ${head}`);
  button.addEventListener('click', () => {
    store.keep(false);
    store.change({ layer, head, token, method: ATTENTION, direction: 'from' });
  });
  return { button, one };
}

interface Shown {
  /** The key whose numbers are shown; -1 for the one with the greatest weight. */
  readonly chosen: number;
  readonly isWhole: boolean;
  readonly showAll: () => void;
}

function sections(store: Store, one: ExploredSteps, { chosen, isWhole, showAll }: Shown): HTMLElement[] {
  const order = [...one.weights.keys()].toSorted((a, b) => one.weights[b]! - one.weights[a]!);
  const key = chosen >= 0 && chosen < one.weights.length ? chosen : (order[0] ?? 0);
  const kept = isWhole ? order : order.slice(0, FIRST_KEYS);
  const more = element('button', { type: 'button' }, `Show all ${order.length} keys`);
  more.addEventListener('click', showAll);
  const table = element(
    'div',
    { class: 'scroll' },
    keyTable(store, one, kept.includes(key) ? kept : [...kept, key], key),
  );
  const title = element('h3', {}, `Layer ${one.layer}, head ${one.head}: keys by their weight`);
  return [
    element('div', {}, title, table, ...(kept.length < order.length ? [more] : [])),
    element('div', {}, ...keySection(store, one, key)),
  ];
}

/** Scores, scaled scores and weights of keys; a key opens its numbers. */
function keyTable(store: Store, one: ExploredSteps, keys: readonly number[], chosen: number): HTMLElement {
  const headings = ['key', 'q·k', 'scaled', 'weight'].map((name) => element('th', { scope: 'col' }, name));
  const greatest = one.weights.reduce((most, weight) => Math.max(most, weight), 0);
  const rows = keys.map((key) => {
    const button = element(
      'button',
      { type: 'button', 'data-key': String(key), 'aria-pressed': String(key === chosen) },
      ...shortName(tokenName(store.data.grid, key)),
    );
    button.addEventListener('click', () => store.change({ key }));
    const numbers = [one.scores, one.scaled, one.weights].map((list) => element('td', {}, float32Text(list[key]!)));
    numbers[2]?.style.setProperty('--share', String(greatest === 0 ? 0 : one.weights[key]! / greatest));
    numbers[2]?.classList.add('share');
    return element('tr', {}, element('th', { scope: 'row' }, button), ...numbers);
  });
  return element('table', {}, element('thead', {}, element('tr', {}, ...headings)), element('tbody', {}, ...rows));
}

/** A patch's name without the word where room is short. */
function shortName(name: string): (string | HTMLElement)[] {
  const [, patch, rest] = /^(patch )(.*)$/.exec(name) ?? [];
  return patch === undefined || rest === undefined ? [name] : [element('span', { class: 'wide' }, patch), rest];
}

/** The way from query and key to the weight, and from the weight to its part of the output. */
function keySection(store: Store, one: ExploredSteps, key: number): HTMLElement[] {
  const Dh = one.query.length;
  const [score, scaled, weight] = [one.scores[key]!, one.scaled[key]!, one.weights[key]!];
  const most = one.scaled.reduce((found, value) => Math.max(found, value), -Infinity);
  const sum = one.scaled.reduce((total, value) => total + Math.exp(value - most), 0);
  const lines = [
    [`score`, `q·k, the sum of ${Dh} products`, float32Text(score)],
    [`scaled`, `${float32Text(score)} × ${float32Text(one.scale)}`, float32Text(scaled)],
    [`weight`, `exp(${float32Text(scaled)} − ${float32Text(most)}) / ${float32Text(sum)}`, float32Text(weight)],
    [`part of the output`, `${float32Text(weight)} × v`, 'below'],
  ].map(([what = '', how = '', result = '']) =>
    element('tr', {}, element('th', { scope: 'row' }, what), element('td', {}, how), element('td', {}, result)),
  );
  return [
    element('h3', {}, `The key of ${tokenPhrase(store.data.grid, key)}`),
    element('div', { class: 'scroll' }, element('table', { class: 'ways' }, element('tbody', {}, ...lines))),
    element(
      'div',
      // It scrolls, so the keyboard must get there.
      { class: 'scroll numbers', id: 'dimensions', tabindex: '0', role: 'region', 'aria-label': 'Each dimension' },
      vectorTable(one, key),
    ),
  ];
}

/** A row for each dimension of the head. */
function vectorTable(one: ExploredSteps, key: number): HTMLElement {
  const Dh = one.query.length;
  const weight = one.weights[key]!;
  const names = ['dimension', 'q', 'k', 'q·k', 'v', 'weight × v', 'Σ over keys'];
  const headings = names.map((text) => element('th', { scope: 'col' }, text));
  const rows = Array.from({ length: Dh }, (_, d) => {
    const [q, k, v] = [one.query[d]!, one.keys[key * Dh + d]!, one.values[key * Dh + d]!];
    const numbers = [q, k, q * k, v, weight * v, one.output[d]!];
    const cells = numbers.map((value) => element('td', {}, float32Text(value)));
    return element('tr', {}, element('th', { scope: 'row' }, String(d)), ...cells);
  });
  return element('table', {}, element('thead', {}, element('tr', {}, ...headings)), element('tbody', {}, ...rows));
}
