import type { ComparisonSummary } from '../../index.ts';
import type { Colours } from './colours.ts';
import { columns } from './columns.ts';
import { printable } from './printable.ts';

/** For people: a line for each model, what each two of them come to, and what becomes of them on images made harder. */
export function comparisonTable({ models, verdicts, robustness }: ComparisonSummary, colours: Colours): string {
  const sentences = verdicts.map((verdict) => `\n${printable(verdict)}\n`).join('');
  const curves = robustness.map(({ title, rows }) => `\n${printable(title)}\n${laidOut(rows, colours)}`).join('');
  return `${laidOut(models, colours)}${sentences}${curves}`;
}

function laidOut([head = [], ...rows]: readonly (readonly string[])[], { dim }: Colours): string {
  return columns([head.map((cell) => dim(printable(cell))), ...rows.map((row) => row.map(printable))]);
}
