import { stringify } from 'csv-stringify/sync';

import type { Classification } from '../../index.ts';
import { printable } from './printable.ts';
import type { ResultFormat } from './result-format.ts';

const COLUMNS = ['path', 'status', 'rank', 'index', 'label', 'probability', 'error_code', 'error_message'] as const;
type Row = Partial<Record<(typeof COLUMNS)[number], string | number>>;

/** One row per prediction, one per failed image. In a terminal, names are shown with their control characters escaped. */
export function csvResults({ forTerminal }: { forTerminal: boolean }): ResultFormat {
  const show = forTerminal ? printable : (text: string) => text;
  return {
    head: `${COLUMNS.join(',')}\n`,
    // A name that begins like a formula gets a leading apostrophe, or a spreadsheet would run it.
    result: (result) => stringify(rowsOf(result, show), { columns: COLUMNS, escape_formulas: true }),
    tail: '',
  };
}

function rowsOf(result: Classification, show: (text: string) => string): Row[] {
  const { status } = result;
  const path = show(result.path);
  if (result.status === 'error') {
    return [{ path, status, error_code: result.error.code, error_message: show(result.error.message) }];
  }
  return result.predictions.map(({ index, label, probability }, position) => ({
    path,
    status,
    rank: position + 1,
    index,
    label: show(label),
    probability,
  }));
}
