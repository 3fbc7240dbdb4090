import { stepsOf, strongestKeys } from './explanation.ts';
import type { ExplainedTraining, Explanation, Step } from './explanation.ts';

const MAX_KEYS = 12;
const MAX_COLUMNS = 8;

/** An explanation as lines of text: each step with its formula and its matrix to two decimals. */
export function explanationText(explanation: Explanation): string {
  const shown = strongestKeys(explanation, MAX_KEYS);
  const { title, training, keyTokens } = explanation;
  const hidden = keyTokens.length - shown.length;
  const selection = hidden > 0 ? [`The ${shown.length} keys with the greatest weight, of ${keyTokens.length}.\n`] : [];
  const head = [`${title}\n`, ...(training === undefined ? [] : [trainingText(training)]), ...selection];
  return [...head, ...stepsOf(explanation, shown).map((step, i) => stepText(step, i + 1))].join('\n');
}

function stepText({ name, formula, rows, columns, values, mask }: Step, number: number): string {
  const width = Math.min(values[0]?.length ?? 0, MAX_COLUMNS, columns === undefined ? MAX_COLUMNS : Infinity);
  const visible = columns === undefined ? width : (values[0]?.length ?? 0);
  const rest = columns === undefined && (values[0]?.length ?? 0) > visible ? ['…'] : [];
  const body = values.map((row, i) => [
    rows[i] ?? '',
    ...row.slice(0, visible).map((value, j) => (mask?.[i]?.[j] === false ? 'masked' : value.toFixed(2))),
    ...rest,
  ]);
  const header = columns === undefined ? [] : [['', ...columns]];
  return `${number}. ${name}: ${formula}\n${aligned([...header, ...body])}`;
}

function trainingText({ from, to, snapshots }: ExplainedTraining): string {
  const rows = snapshots.map(({ step, loss, weight }) => [String(step), loss.toFixed(4), weight.toFixed(4)]);
  return `training: the weight of ${from} -> ${to}\n${aligned([['step', 'loss', 'weight'], ...rows])}`;
}

/** The first column to the left, the others to the right. */
function aligned(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  ');
  return rows.map((row) => `   ${line(row)}`.trimEnd() + '\n').join('');
}
