import { stepsOf, strongestKeys } from './explanation.ts';
import type { ExplainedTraining, Explanation, Matrix, Step } from './explanation.ts';
import { escaped, Markup } from './markup.ts';
import { page } from './page.ts';

const MAX_KEYS = 24;
/** Wider matrices are drawn without their numbers, which a cell's tooltip has. */
const MAX_NUMBERED = 12;

/** An explanation as one HTML page that needs nothing else: each matrix drawn, its cells shaded by their value. */
export function explanationPage(explanation: Explanation): string {
  const { title, keyTokens, training } = explanation;
  const shown = strongestKeys(explanation, MAX_KEYS);
  const selection =
    shown.length < keyTokens.length
      ? `<p>The ${shown.length} keys with the greatest weight, of ${keyTokens.length}.</p>`
      : '';
  const steps = stepsOf(explanation, shown).map((step, i) => section(step, i + 1));
  const parts = [training === undefined ? '' : trainingSection(training, explanation), selection, ...steps];
  return page({ title, body: new Markup(parts.join('\n')), style: STYLE });
}

function section(step: Step, number: number): string {
  return `<section>
<h2>${number}. ${escaped(step.name)} <small>${escaped(step.formula)}</small></h2>
${table(step)}
</section>`;
}

function trainingSection({ from, to, snapshots }: ExplainedTraining, { keyTokens, queryTokens }: Explanation): string {
  const drawn = snapshots.map(({ step, loss, weight, weights }) => {
    const matrix = table({ name: '', formula: '', rows: queryTokens, columns: keyTokens, values: weights });
    const caption = `step ${step}: loss ${loss.toFixed(4)}, ${from} → ${to} ${weight.toFixed(4)}`;
    return `<figure><figcaption>${escaped(caption)}</figcaption>${matrix}</figure>`;
  });
  return `<section><h2>training <small>the weight of ${escaped(`${from} → ${to}`)}</small></h2>${drawn.join('')}</section>`;
}

function table({ rows, columns, values, mask }: Omit<Step, 'name' | 'formula'> & Partial<Step>): string {
  const largest = largestOf(values);
  const isNumbered = columns !== undefined || (values[0]?.length ?? 0) <= MAX_NUMBERED;
  const header =
    columns === undefined ? '' : `<tr><th></th>${columns.map((name) => `<th>${escaped(name)}</th>`).join('')}</tr>`;
  const body = values.map((row, i) => {
    const cells = row.map((value, j) =>
      mask?.[i]?.[j] === false ? '<td class="masked">masked</td>' : cell(value, largest, isNumbered),
    );
    return `<tr><th>${escaped(rows[i] ?? '')}</th>${cells.join('')}</tr>`;
  });
  return `<div><table>${header}${body.join('')}</table></div>`;
}

function cell(value: number, largest: number, isNumbered: boolean): string {
  const strength = largest === 0 ? 0 : Math.abs(value) / largest;
  const colour = value < 0 ? 'var(--negative)' : 'var(--positive)';
  const share = Math.round(strength * 70);
  const background = `background:color-mix(in srgb,${colour} ${share}%,transparent)`;
  const text = isNumbered ? value.toFixed(2) : '';
  return `<td style="${background}" title="${value}">${text}</td>`;
}

function largestOf(values: Matrix): number {
  return values.flat().reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
}

const STYLE = `
div { overflow-x: auto; } figure { display: inline-block; margin: 0 1.5rem 1rem 0; } figcaption { margin-bottom: .25rem; }
td { border: 1px solid var(--line); min-width: .5rem; height: 1rem; padding: .15rem .35rem; text-align: right; }
th { font-weight: 600; padding: .15rem .5rem; text-align: right; white-space: nowrap; } .masked { opacity: .5; }
`;
