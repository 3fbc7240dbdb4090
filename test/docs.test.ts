import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { describe, expect, test } from 'vitest';

import { BUILT_IN_EXAMPLE } from '../src/use-cases/explain/example.ts';
import { explain } from '../src/use-cases/explain/explain.ts';
import { explanationText } from '../src/report/explanation-text.ts';
import { comparisonRecord } from './report/comparison-record.ts';

const REPOSITORY = fileURLToPath(new URL('../', import.meta.url));
const page = readFileSync(`${REPOSITORY}docs/attention.md`, 'utf8');

describe('docs/attention.md', () => {
  test('shows what patchlens explain prints', async () => {
    const text = explanationText(await explain(BUILT_IN_EXAMPLE));
    expect(blockOf('explain')).toBe(`\n\`\`\`\n${text}\`\`\`\n`);
  });

  test('shows the results of the benchmark that are stored', () => {
    const stored: { rows: { N: number; side: string; milliseconds: number; peakMebibytes: number }[] } = JSON.parse(
      readFileSync(`${REPOSITORY}bench/results/attention-wasm.json`, 'utf8'),
    );
    expect(stored.rows.length).toBeGreaterThan(0);
    for (const side of new Set(stored.rows.map((row) => row.side))) {
      const cells = stored.rows
        .filter((row) => row.side === side)
        .map(({ milliseconds, peakMebibytes }) => `${milliseconds} ms, ${peakMebibytes} MiB`);
      const line = blockOf('bench')
        .split('\n')
        .find((candidate) => candidate.startsWith(`| ${side} |`));
      expect(
        cells.every((cell) => line?.includes(cell)),
        side,
      ).toBe(true);
    }
  });
});

function blockOf(marker: string): string {
  const match = new RegExp(`<!-- ${marker} -->(.*)<!-- /${marker} -->`, 's').exec(page);
  if (match === null) throw new Error(`docs/attention.md: expected the markers ${marker}`);
  return match[1] ?? '';
}

describe('docs/comparing.md', () => {
  test('names every field of a report', () => {
    const text = readFileSync(`${REPOSITORY}docs/comparing.md`, 'utf8');
    const missing = [...fieldsOf(comparisonRecord())].filter((field) => !text.includes(`\`${field}`));
    expect(missing).toEqual([]);
  });
});

function fieldsOf(value: unknown): Set<string> {
  const fields = new Set<string>();
  JSON.stringify(value, (key, entry: unknown) => {
    if (!/^\d*$/.test(key)) fields.add(key);
    return entry;
  });
  return fields;
}

describe('docs/training.md', () => {
  test('shows the results of the study that are stored', () => {
    const stored: { models: { points: { images: number; mean: number }[] }[] } = JSON.parse(
      readFileSync(`${REPOSITORY}docs/figures/data-scale.json`, 'utf8'),
    );
    const lines = readFileSync(`${REPOSITORY}docs/training.md`, 'utf8').split('\n');
    for (const [i, { images }] of (stored.models[0]?.points ?? []).entries()) {
      const line = lines.find((candidate) => candidate.startsWith(`| ${images} |`));
      for (const { points } of stored.models) expect(line).toContain(`${(100 * points[i]!.mean).toFixed(1)} %`);
    }
  });
});
