import { markup } from '../markup.ts';
import type { Markup } from '../markup.ts';
import { COLOURS, colourTable } from './colour-map.ts';
import type { ColourMapName, Range } from './colour-map.ts';
import type { Rectangle } from './heat-map.ts';
import { text, wrapped } from './text.ts';
import type { Lettering, TextOptions } from './text.ts';

/** What the colours of a panel, or of a whole figure, stand for. */
export interface ColourBar extends Range {
  readonly colours: ColourMapName;
  /** «share of attention»; empty where the figure's title says it. */
  readonly quantity: string;
}

/** One picture of a figure. */
export interface Panel {
  readonly title: string;
  /** The picture as a data URI. */
  readonly href: string;
  readonly width: number;
  readonly height: number;
  /** The model's view of the picture, outlined where it is not all of it. */
  readonly view?: Rectangle | undefined;
  /** The patch that asks, marked. */
  readonly query?: Rectangle | undefined;
  /** SVG path in the picture's pixels. */
  readonly contour?: string | undefined;
  /** Absent where the figure has one for all. */
  readonly bar?: ColourBar | undefined;
}

export interface Figure {
  readonly title: string;
  /** Rows of panels, of any lengths. */
  readonly rows: readonly (readonly Panel[])[];
  readonly bar?: ColourBar | undefined;
  readonly notes?: readonly string[] | undefined;
}

export const FIGURE_THEMES = ['light', 'dark'] as const;
export type FigureTheme = (typeof FIGURE_THEMES)[number];

export interface FigureOptions {
  readonly lettering: Lettering;
  readonly theme: FigureTheme;
}

const COLOURS_OF = {
  light: { background: '#ffffff', text: '#1f2328', quiet: '#59636e' },
  dark: { background: '#0d1117', text: '#e6edf3', quiet: '#9198a1' },
} as const;

const MARGIN = 16;
const GAP = 12;
const TITLE = 18;
const TITLE_LINE = 22;
const LABEL = 13;
const LABEL_LINE = 16;
const BAR = 10;
/** Base lines of a bar's labels below it. */
const BAR_LABEL = 14;
/** Narrower bars have no room for the quantity between their two numbers: it gets a line of its own. */
const LEAST_BAR = 260;
const NOTE_LINE = 18;

/** A figure as SVG: panels in rows under their titles, each with its colour bar or all with one. */
export function figureSvg(figure: Figure, options: FigureOptions): string {
  const { rows, bar } = figure;
  const { width, height, title, notes } = layoutOf(figure);
  const theme = COLOURS_OF[options.theme];
  const parts: Markup[] = [];
  const write = (line: string, at: Omit<TextOptions, 'colour'>, colour: string = theme.text): void => {
    parts.push(text(line, { ...at, colour }, options.lettering));
  };
  let y = MARGIN;
  for (const line of title) {
    write(line, { x: MARGIN, y: y + TITLE * 0.8, size: TITLE, maxWidth: width - 2 * MARGIN });
    y += TITLE_LINE;
  }
  y += GAP;
  for (const row of rows) {
    const top = y + titleHeight(row);
    let x = MARGIN;
    for (const panel of row) {
      for (const [i, line] of titleLines(panel).entries()) {
        write(line, { x, y: y + i * LABEL_LINE + LABEL * 0.8, size: LABEL, maxWidth: panel.width });
      }
      parts.push(pictureOf(panel, x, top));
      if (panel.bar !== undefined) {
        parts.push(...barOf(panel.bar, { x, y: top + 4 + panel.height, width: panel.width, write }, theme.quiet));
      }
      x += panel.width + GAP;
    }
    y += rowHeight(row) + GAP;
  }
  if (bar !== undefined) {
    parts.push(...barOf(bar, { x: MARGIN, y, width: Math.min(width - 2 * MARGIN, 480), write }, theme.quiet));
    y += barHeight(bar, LEAST_BAR) + GAP;
  }
  for (const note of notes) {
    write(note, { x: MARGIN, y: y + LABEL * 0.8, size: LABEL, maxWidth: width - 2 * MARGIN }, theme.quiet);
    y += NOTE_LINE;
  }
  const font = options.lettering === 'font' ? ' font-family="system-ui, sans-serif"' : '';
  const { text: svg } = markup`<rect width="100%" height="100%" fill="${theme.background}"/>${parts}`;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"${font}>${svg}</svg>\n`;
}

/** Width and height in pixels of a figure before it is drawn. */
export function figureSize(figure: Figure): { readonly width: number; readonly height: number } {
  const { width, height } = layoutOf(figure);
  return { width, height };
}

interface Layout {
  readonly width: number;
  readonly height: number;
  /** In lines that fit. */
  readonly title: readonly string[];
  readonly notes: readonly string[];
}

function layoutOf(figure: Figure): Layout {
  const { rows, bar } = figure;
  const width = widthOf(rows);
  const maxWidth = width - 2 * MARGIN;
  const title = wrapped(figure.title, { size: TITLE, maxWidth });
  const notes = (figure.notes ?? []).flatMap((note) => wrapped(note, { size: LABEL, maxWidth }));
  const panels = rows.reduce((sum, row) => sum + rowHeight(row) + GAP, 0);
  const below = (bar === undefined ? 0 : barHeight(bar, LEAST_BAR) + GAP) + notes.length * NOTE_LINE;
  return { width, height: Math.ceil(2 * MARGIN + title.length * TITLE_LINE + panels + below), title, notes };
}

function widthOf(rows: Figure['rows']): number {
  const widths = rows.map((row) => row.reduce((sum, panel) => sum + panel.width + GAP, -GAP));
  return Math.ceil(Math.max(LEAST_BAR, ...widths) + 2 * MARGIN);
}

/** Lines that a title takes over its panel. */
function titleLines({ title, width }: Panel): string[] {
  return wrapped(title, { size: LABEL, maxWidth: width });
}

function titleHeight(row: readonly Panel[]): number {
  return Math.max(0, ...row.map((panel) => titleLines(panel).length)) * LABEL_LINE + 1;
}

function rowHeight(row: readonly Panel[]): number {
  const heights = row.map(({ width, height, bar }) => height + (bar === undefined ? 0 : 4 + barHeight(bar, width)));
  return titleHeight(row) + Math.max(0, ...heights);
}

function barHeight({ quantity }: ColourBar, width: number): number {
  return BAR + BAR_LABEL + (quantity === '' || width >= LEAST_BAR ? 0 : BAR_LABEL);
}

function pictureOf({ href, width, height, view, query, contour }: Panel, x: number, y: number): Markup {
  return markup`<g transform="translate(${x} ${y})"><image width="${width}" height="${height}" href="${href}"/>${outline(
    view,
    '#ffffff',
  )}${outline(query, '#ff2fd0')}${
    contour === undefined
      ? undefined
      : markup`<path d="${contour}" fill="none" stroke="#000000" stroke-width="3" stroke-opacity="0.6"/><path d="${contour}" fill="none" stroke="#ffffff" stroke-width="1.5"/>`
  }</g>`;
}

/** A line that is seen on every picture: dark below, light above. */
function outline(rectangle: Rectangle | undefined, colour: string): Markup | undefined {
  if (rectangle === undefined) return undefined;
  const { left, top, width, height } = rectangle;
  const rect = (stroke: string, weight: number): Markup =>
    markup`<rect x="${left.toFixed(2)}" y="${top.toFixed(2)}" width="${width.toFixed(2)}" height="${height.toFixed(2)}" fill="none" stroke="${stroke}" stroke-width="${weight}"/>`;
  return markup`${rect('#000000', 3)}${rect(colour, 1.5)}`;
}

interface BarPlace {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly write: (line: string, at: Omit<TextOptions, 'colour'>, colour?: string) => void;
}

function barOf({ colours, least, greatest, quantity }: ColourBar, { x, y, width, write }: BarPlace, colour: string) {
  const table = colourTable(colours);
  const id = `${colours}-bar`;
  const stops = Array.from({ length: 17 }, (_, i) => {
    const at = Math.round(((COLOURS - 1) * i) / 16) * 3;
    return markup`<stop offset="${i / 16}" stop-color="rgb(${table[at]},${table[at + 1]},${table[at + 2]})"/>`;
  });
  const below = { y: y + BAR + BAR_LABEL - 2, size: 12 };
  const [left, right] = [valueText(least), valueText(greatest)];
  write(left, { ...below, x }, colour);
  write(right, { ...below, x: x + width, anchor: 'end' }, colour);
  if (quantity !== '' && width < LEAST_BAR) {
    write(quantity, { ...below, x, y: below.y + BAR_LABEL, maxWidth: width }, colour);
  } else if (quantity !== '') {
    const room = width - 9 * Math.max(left.length, right.length) * 2;
    write(quantity, { ...below, x: x + width / 2, anchor: 'middle', maxWidth: room }, colour);
  }
  return [
    markup`<defs><linearGradient id="${id}">${stops}</linearGradient></defs>`,
    markup`<rect x="${x}" y="${y}" width="${width}" height="${BAR}" fill="url(#${id})"/>`,
  ];
}

/** Three digits, whatever the size. */
function valueText(value: number): string {
  if (value === 0) return '0';
  const magnitude = Math.abs(value);
  return magnitude >= 1e-3 && magnitude < 1e4 ? String(Number(value.toPrecision(3))) : value.toExponential(1);
}
