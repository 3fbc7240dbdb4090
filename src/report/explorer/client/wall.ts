import { element, find } from './dom.ts';
import { shortText } from './numbers.ts';
import { paint, tableOf } from './paint.ts';
import { roving } from './roving.ts';
import { attentionMap } from './shown-map.ts';
import type { Shown, Store } from './store.ts';
import { ATTENTION, tokenPhrase } from './view.ts';
import type { View } from './view.ts';

interface Thumbnail {
  readonly button: HTMLElement;
  readonly canvas: HTMLCanvasElement;
  readonly greatest: HTMLElement;
  readonly layer: number;
  readonly head: View['head'];
}

/** A small map for every layer and head, to compare and to open. */
export function wall(store: Store): void {
  const { attention } = store.data;
  const heads: View['head'][] = ['mean', ...Array.from({ length: attention.numHeads }, (_, head) => head)];
  const thumbnails = heads.flatMap((head) => attention.layers.map((layer) => thumbnail(store, layer, head)));
  const table = find('wall', HTMLElement);
  const numLayers = attention.layers.length;
  table.style.setProperty('--columns', String(numLayers));
  const headings = attention.layers.map((layer) => element('span', { role: 'columnheader' }, `layer ${layer}`));
  table.append(element('div', { role: 'row' }, element('span'), ...headings));
  for (const [i, head] of heads.entries()) {
    const row = thumbnails.slice(i * numLayers, (i + 1) * numLayers);
    const name = element('span', { role: 'rowheader' }, headText(head));
    table.append(element('div', { role: 'row' }, name, ...row.map(({ button }) => button)));
  }
  const buttons = thumbnails.map(({ button }) => button);
  const stops = roving(table, buttons, numLayers);
  let drawn = '';
  store.onChange((shown) => {
    const { view, asking } = shown;
    const place = thumbnails.findIndex(({ layer, head }) => layer === view.layer && head === view.head);
    const current = view.method === ATTENTION ? place : -1;
    for (const [i, button] of buttons.entries()) button.setAttribute('aria-selected', String(i === current));
    if (!table.contains(document.activeElement)) stops.stopAt(place);
    // Opacity and the like leave the wall as it is.
    const key = [asking, view.direction, view.range, view.colours].join(' ');
    if (key === drawn) return;
    drawn = key;
    drawAll(store, shown, thumbnails);
  });
}

function headText(head: View['head']): string {
  return head === 'mean' ? 'mean' : `head ${head}`;
}

function thumbnail(store: Store, layer: number, head: View['head']): Thumbnail {
  const { Gh, Gw } = store.data.grid;
  const canvas = element('canvas', { width: String(Gw), height: String(Gh), 'aria-hidden': 'true' });
  canvas.style.aspectRatio = `${Gw} / ${Gh}`;
  const greatest = element('small');
  const button = element('button', { type: 'button', role: 'gridcell' }, canvas, greatest);
  button.addEventListener('click', () => {
    store.change({ method: ATTENTION, layer, head });
    const stage = find('stage', HTMLElement);
    const { top, bottom } = stage.getBoundingClientRect();
    if (top < 0 || bottom > window.innerHeight) stage.scrollIntoView({ block: 'nearest' });
  });
  return { button, canvas, greatest, layer, head };
}

function drawAll({ data, tables }: Store, { view, asking }: Shown, thumbnails: readonly Thumbnail[]): void {
  const table = tableOf(tables, view.colours, false);
  const maps = thumbnails.map(({ layer, head }) => attentionMap(data, { ...view, layer, head }, asking));
  for (const [i, { canvas, button, greatest, layer, head }] of thumbnails.entries()) {
    const { values, range, isClipped } = maps[i]!;
    const text = `${isClipped ? '≥' : ''}${shortText(range.greatest)}`;
    paint(canvas, values, { range, table });
    greatest.textContent = text;
    button.setAttribute('aria-label', `layer ${layer}, ${headText(head)}: up to ${text}`);
  }
  const scale = view.range === 'shared' ? shortText(maps[0]?.range.greatest ?? 0) : 'the value written below it';
  const whose = view.direction === 'from' ? 'the attention of' : 'the attention to';
  find('wall-note', HTMLElement).textContent = `${whose} ${tokenPhrase(data.grid, asking)}, each from 0 to ${scale}`;
}
