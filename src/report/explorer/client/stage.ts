import { element, find, settled } from './dom.ts';
import { percentText, shortText } from './numbers.ts';
import { paint, paintBar, tableOf } from './paint.ts';
import { roving } from './roving.ts';
import { shownMap, thresholdOf } from './shown-map.ts';
import type { ShownMap } from './shown-map.ts';
import type { Shown, Store } from './store.ts';
import { ATTENTION, tokenName } from './view.ts';

/** The picture under the patches, with the map over it: what is pointed at asks, what is clicked is kept. */
export function stage(store: Store): void {
  const { grid, pictures } = store.data;
  const canvas = find('map', HTMLCanvasElement);
  canvas.width = grid.Gw;
  canvas.height = grid.Gh;
  const cells = cellsOf(store);
  const stops = roving(find('cells', HTMLElement), cells, grid.Gw);
  const tokens = tokenButtons(store);
  const all = [...tokens, ...cells];
  const told = settled(250, () => describe(store, cells));
  let picture: string | undefined;
  let marked: readonly (HTMLElement | undefined)[] = [];
  store.onChange((shown) => {
    const { view, asking } = shown;
    if (picture !== view.picture) showPicture(pictures, (picture = view.picture));
    const map = shownMap(store.data, view, asking);
    draw(store, shown, map);
    for (const [i, button] of tokens.entries()) showShare(button, map.prefix[i]);
    for (const cell of marked) cell?.removeAttribute('data-mark');
    const mark = view.method === ATTENTION ? all[asking] : undefined;
    if (mark !== undefined) mark.dataset['mark'] = shown.isKept ? 'kept' : 'asking';
    marked = [mark];
    if (view.token >= tokens.length) stops.stopAt(view.token - tokens.length);
    find('pointed', HTMLElement).textContent = pointedText(store, shown, map);
    told();
  });
}

function cellsOf(store: Store): HTMLElement[] {
  const { Gh, Gw, prefix } = store.data.grid;
  const rows = Array.from({ length: Gh }, (_, row) =>
    element(
      'div',
      { role: 'row' },
      ...Array.from({ length: Gw }, (_cell, column) =>
        element('div', { role: 'gridcell', 'data-token': String(prefix.length + row * Gw + column) }),
      ),
    ),
  );
  const field = find('cells', HTMLElement);
  field.append(...rows);
  field.setAttribute('aria-rowcount', String(Gh));
  field.setAttribute('aria-colcount', String(Gw));
  listen(store, field);
  return rows.flatMap((row) => [...row.children].filter((cell) => cell instanceof HTMLElement));
}

/** The token of the element that an event is about; -1 for none. */
function tokenAt({ target }: Event): number {
  return target instanceof HTMLElement
    ? Number(target.closest<HTMLElement>('[data-token]')?.dataset['token'] ?? -1)
    : -1;
}

function listen(store: Store, field: HTMLElement): void {
  field.addEventListener('pointerover', (event) => {
    if (event.pointerType !== 'touch') store.point(tokenAt(event));
  });
  field.addEventListener('pointerleave', () => store.point(-1));
  field.addEventListener('click', (event) => keepOrLetGo(store, tokenAt(event)));
  field.addEventListener('focusin', (event) => {
    // A click moves the focus too, and is told apart by what it does.
    if (!(event.target instanceof HTMLElement) || !event.target.matches(':focus-visible')) return;
    const token = tokenAt(event);
    if (store.shown.isKept) store.point(token);
    else store.change({ token });
  });
  field.addEventListener('focusout', () => store.point(-1));
  field.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') store.keep(false);
    if (event.key !== 'Enter' && event.key !== ' ') return;
    event.preventDefault();
    keepOrLetGo(store, tokenAt(event));
  });
}

function keepOrLetGo(store: Store, token: number): void {
  if (token < 0) return;
  const { view, isKept } = store.shown;
  const isSame = isKept && view.token === token && view.method === ATTENTION;
  store.keep(!isSame);
  if (!isSame) store.change({ token, method: ATTENTION });
}

function tokenButtons(store: Store): HTMLElement[] {
  const { grid } = store.data;
  const buttons = grid.prefix.map((_, token) =>
    element('button', { type: 'button', 'data-token': String(token) }, tokenName(grid, token), element('small')),
  );
  const group = find('tokens', HTMLElement);
  group.append(...buttons);
  group.hidden = buttons.length === 0;
  group.addEventListener('click', (event) => {
    const token = tokenAt(event);
    if (token < 0) return;
    store.keep(false);
    store.change({ token, method: ATTENTION });
  });
  return buttons;
}

/** What falls to a token before the patches. */
function showShare(button: HTMLElement, value: number | undefined): void {
  const text = value === undefined ? '' : ` ${shortText(value)}`;
  const small = button.querySelector('small');
  if (small !== null) small.textContent = text;
}

function showPicture({ photograph, view }: Store['data']['pictures'], name: string): void {
  const whole = name === 'photograph' ? photograph : undefined;
  const { href, width, height } = whole ?? view;
  const crop = whole?.crop ?? { left: 0, top: 0, width: 1, height: 1 };
  const image = find('picture', HTMLImageElement);
  image.src = href;
  image.style.imageRendering = whole === undefined && width < 320 ? 'pixelated' : 'auto';
  find('looking', HTMLElement).style.setProperty('--aspect', String(width / height));
  const { style } = find('field', HTMLElement);
  for (const side of ['left', 'top', 'width', 'height'] as const) style.setProperty(side, `${100 * crop[side]}%`);
}

function draw({ tables }: Store, { view }: Shown, map: ShownMap): void {
  const table = tableOf(tables, view.colours, map.isSigned);
  const canvas = find('map', HTMLCanvasElement);
  paint(canvas, map.values, { range: map.range, table, threshold: thresholdOf(map.values, view.mass) });
  canvas.style.opacity = String(view.opacity / 100);
  paintBar(find('bar', HTMLCanvasElement), table);
  find('least', HTMLElement).textContent = shortText(map.range.least);
  find('quantity', HTMLElement).textContent = map.quantity;
  find('greatest', HTMLElement).textContent = `${map.isClipped ? '≥ ' : ''}${shortText(map.range.greatest)}`;
  const exactness =
    map.error === 0 ? 'Exact values.' : `Values within ${shortText(map.error)}, small ones closer (8 bits).`;
  find('caption', HTMLElement).textContent = `${map.caption} ${exactness}`;
}

function pointedText({ data }: Store, { pointed, asking }: Shown, map: ShownMap): string {
  if (pointed < 0 || pointed === asking) return '';
  const error = map.errorAt(pointed);
  const value = shortText(valueAt(data.grid.prefix.length, map, pointed));
  return `${tokenName(data.grid, pointed)}: ${value}${error === 0 ? '' : ` ± ${shortText(error)}`} ${map.quantity}`;
}

function valueAt(numPrefix: number, { values, prefix }: ShownMap, token: number): number {
  return (token < numPrefix ? prefix[token] : values[token - numPrefix]) ?? 0;
}

const STRONGEST = 5;

/** Says in words what is drawn, and puts each patch's value in its label. */
function describe({ data, shown }: Store, cells: readonly HTMLElement[]): void {
  const { grid } = data;
  const map = shownMap(data, shown.view, shown.asking);
  const order = [...map.values.keys()].toSorted((a, b) => map.values[b]! - map.values[a]!).slice(0, STRONGEST);
  const isShare = map.quantity.startsWith('share');
  const text = isShare ? percentText : shortText;
  const strongest = order.map((i) => `${tokenName(grid, grid.prefix.length + i)} ${text(map.values[i]!)}`);
  const before = map.prefix.map((value, token) => `${tokenName(grid, token)} ${text(value)}`);
  const lists = [...before, `strongest patches: ${strongest.join(', ')}`].join('; ');
  find('readout', HTMLOutputElement).textContent = `${lists[0]?.toUpperCase()}${lists.slice(1)}.`;
  for (const [i, cell] of cells.entries()) {
    const name = tokenName(grid, grid.prefix.length + i);
    cell.setAttribute('aria-label', `${name}: ${shortText(map.values[i]!)}`);
    cell.setAttribute('aria-selected', String(cell.dataset['mark'] !== undefined));
  }
}
