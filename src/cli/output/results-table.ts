import type { Classification, Prediction } from '../../index.ts';
import type { Colours } from './colours.ts';
import { columns, GAP } from './columns.ts';
import { displayWidth, fit } from './fit.ts';
import { printable } from './printable.ts';
import type { ResultFormat } from './result-format.ts';

export interface TableLayout {
  readonly colours: Colours;
  /** Columns of the terminal; undefined for a pipe or a file, where nothing is shortened and no bar is drawn. */
  readonly width: number | undefined;
  /** What is known to appear, before the first result: the columns are as wide as these need. */
  readonly paths: readonly string[];
  readonly labels: readonly string[];
  /** Predictions of an image: several make a block of lines, which an empty line sets off from the next. */
  readonly topK: number;
}

/** For people: the predictions of each image, the likeliest first. */
export function tableResults(layout: TableLayout): ResultFormat {
  const widths = widthsOf(layout);
  const headings = ['Image', 'Label', 'Probability'].map((heading) => layout.colours.dim(heading));
  return {
    head: columns([headings], { widths: [widths.path, widths.label, widths.probability] }),
    result(result, position) {
      const gap = position > 0 && layout.topK > 1 ? '\n' : '';
      return (
        gap + (result.status === 'ok' ? predictionBlock(result, layout, widths) : errorBlock(result, layout, widths))
      );
    },
    tail: '',
  };
}

type Ok = Extract<Classification, { status: 'ok' }>;
type Failed = Extract<Classification, { status: 'error' }>;

function predictionBlock({ path, predictions }: Ok, layout: TableLayout, widths: Widths): string {
  const name = nameCell(path, layout, widths);
  const rows = predictions.map((prediction, rank) => {
    const { label, probability } = predictionCells(prediction, rank, layout, widths);
    return [rank === 0 ? name : '', label, probability];
  });
  return columns(rows, { widths: [nameWidth(name, widths), widths.label, widths.probability] });
}

function errorBlock({ path, error }: Failed, { colours, ...layout }: TableLayout, widths: Widths): string {
  const name = nameCell(path, layout, widths);
  const message = printable(error.message);
  // The name stands in its own column; the message need not begin with it again.
  const prefix = `${printable(path)}: `;
  const rest = message.startsWith(prefix) ? message.slice(prefix.length) : message;
  const room = layout.width === undefined ? displayWidth(rest) : usable(layout.width) - widths.path - GAP;
  const cell = { content: colours.red(rest), wordWrap: true };
  return columns([[name, cell]], { widths: [nameWidth(name, widths), room] });
}

function nameCell(path: string, { width }: Pick<TableLayout, 'width'>, widths: Widths): string {
  const name = printable(path);
  return width === undefined ? name : fit(name, widths.path, { keep: 'end' });
}

/** A name that nobody measured beforehand widens its own block, where nothing may be shortened. */
function nameWidth(name: string, widths: Widths): number {
  return Math.max(widths.path, displayWidth(name));
}

function predictionCells({ label, probability }: Prediction, rank: number, layout: TableLayout, widths: Widths) {
  const emphasis = rank === 0 ? layout.colours.bold : String;
  const bar = layout.width === undefined ? '' : ` ${layout.colours.cyan(barOf(probability))}`;
  return {
    label: emphasis(fit(printable(label), widths.label)),
    probability: `${emphasis(percentOf(probability))}${bar}`,
  };
}

const PERCENT_WIDTH = '100.00%'.length;
const BAR_WIDTH = 10;
const MAX_WIDTH = 120;
/** For names that are not known beforehand, as those of a list that is read while it is worked on. */
const UNKNOWN_PATH_WIDTH = 40;

interface Widths {
  readonly path: number;
  readonly label: number;
  readonly probability: number;
}

function widthsOf({ width, paths, labels }: TableLayout): Widths {
  const path = Math.max('Image'.length, paths.length > 0 ? longest(paths) : UNKNOWN_PATH_WIDTH);
  const label = Math.max('Label'.length, longest(labels));
  if (width === undefined) return { path, label, probability: 'Probability'.length };
  const probability = PERCENT_WIDTH + 1 + BAR_WIDTH;
  const room = usable(width) - probability - 2 * GAP;
  // Names get what the labels leave, but half of the room in any case.
  const pathWidth = Math.min(path, Math.max(Math.floor(room / 2), room - label));
  return { path: pathWidth, label: Math.min(label, room - pathWidth), probability };
}

/** Lines longer than this are hard to follow across a wide window; narrower ones than 50 cannot hold three columns. */
function usable(width: number): number {
  return Math.max(50, Math.min(width, MAX_WIDTH));
}

function longest(texts: readonly string[]): number {
  return texts.reduce((width, text) => Math.max(width, displayWidth(printable(text))), 0);
}

function percentOf(probability: number): string {
  // Not nothing, as 0.00% would say.
  if (probability > 0 && probability < 0.00005) return '<0.01%'.padStart(PERCENT_WIDTH);
  return `${(probability * 100).toFixed(2)}%`.padStart(PERCENT_WIDTH);
}

/** Eighths of a column: `▏` to `█`. */
function barOf(probability: number): string {
  const eighths = Math.round(probability * BAR_WIDTH * 8);
  return '█'.repeat(eighths >> 3) + ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'][eighths & 7];
}
