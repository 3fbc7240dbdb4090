import Table from 'cli-table3';
import type { CellOptions } from 'cli-table3';

export type Cell = string | CellOptions;

export interface ColumnsOptions {
  /** Terminal columns of each column, the content alone; measured when absent. */
  readonly widths?: readonly number[];
}

/** Between two columns. */
export const GAP = 2;

/** Cells in aligned columns without rules, a line each and the last one ended. Content must be printable already. */
export function columns(rows: readonly (readonly Cell[])[], { widths }: ColumnsOptions = {}): string {
  const table = new Table({
    chars: BARE,
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [], compact: true },
    ...(widths && { colWidths: [...widths] }),
  });
  table.push(...rows.map((row) => [...row]));
  return `${table.toString().replace(/ +$/gm, '')}\n`;
}

const BARE = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: ' '.repeat(GAP),
};
