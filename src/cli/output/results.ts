import { jsonLineResults, jsonResults } from './results-json.ts';
import type { TableLayout } from './results-table.ts';
import type { ResultFormat } from './result-format.ts';

export const FORMATS = ['table', 'json', 'jsonl', 'csv'] as const;
export type FormatName = (typeof FORMATS)[number];

/** What lays out a table or writes CSV is loaded for it. */
export async function resultFormat(name: FormatName, layout: TableLayout): Promise<ResultFormat> {
  switch (name) {
    case 'table':
      return (await import('./results-table.ts')).tableResults(layout);
    case 'json':
      return jsonResults;
    case 'jsonl':
      return jsonLineResults;
    case 'csv':
      return (await import('./results-csv.ts')).csvResults({ forTerminal: layout.width !== undefined });
  }
}
