import { csvResults } from './results-csv.ts';
import { jsonLineResults, jsonResults } from './results-json.ts';
import { tableResults } from './results-table.ts';
import type { TableLayout } from './results-table.ts';
import type { ResultFormat } from './result-format.ts';

export const FORMATS = ['table', 'json', 'jsonl', 'csv'] as const;
export type FormatName = (typeof FORMATS)[number];

export function resultFormat(name: FormatName, layout: TableLayout): ResultFormat {
  switch (name) {
    case 'table':
      return tableResults(layout);
    case 'json':
      return jsonResults;
    case 'jsonl':
      return jsonLineResults;
    case 'csv':
      return csvResults({ forTerminal: layout.width !== undefined });
  }
}
