import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { describe, expect, test } from 'vitest';

import { BUILT_IN_EXAMPLE } from '../src/explain-example.ts';
import { explain } from '../src/explain.ts';
import { explanationText } from '../src/report/explanation-text.ts';

const REPOSITORY = fileURLToPath(new URL('../', import.meta.url));
const textOf = (file: string): string => readFileSync(`${REPOSITORY}${file}`, 'utf8');

describe('docs/attention.md', () => {
  test('shows what patchlens explain prints', async () => {
    const text = explanationText(await explain(BUILT_IN_EXAMPLE));
    expect(blockOf('docs/attention.md', 'explain')).toBe(`\n\`\`\`\n${text}\`\`\`\n`);
  });

  test('shows the results of the benchmark that are stored', () => {
    const stored: { rows: { N: number; side: string; milliseconds: number; peakMebibytes: number }[] } = JSON.parse(
      textOf('bench/results/attention-wasm.json'),
    );
    expect(stored.rows.length).toBeGreaterThan(0);
    for (const side of new Set(stored.rows.map((row) => row.side))) {
      const cells = stored.rows
        .filter((row) => row.side === side)
        .map(({ milliseconds, peakMebibytes }) => `${milliseconds} ms, ${peakMebibytes} MiB`);
      const line = blockOf('docs/attention.md', 'bench')
        .split('\n')
        .find((candidate) => candidate.startsWith(`| ${side} |`));
      expect(
        cells.every((cell) => line?.includes(cell)),
        side,
      ).toBe(true);
    }
  });
});

describe('docs/explorer.md', () => {
  test('shows the results of the benchmark that are stored', () => {
    const stored: { rows: { model: string; megabytes: number; drawnMs: { median: number; worst: number } }[] } =
      JSON.parse(textOf('bench/results/explorer.json'));
    const block = blockOf('docs/explorer.md', 'bench');
    for (const { model, megabytes, drawnMs } of stored.rows) {
      expect(block).toMatch(
        new RegExp(`\\| ${model} +\\| ${megabytes} MB .*${drawnMs.median} ms .*${drawnMs.worst} ms`),
      );
    }
  });
});

function blockOf(file: string, marker: string): string {
  const match = new RegExp(`<!-- ${marker} -->(.*)<!-- /${marker} -->`, 's').exec(textOf(file));
  if (match === null) throw new Error(`${file}: expected the markers ${marker}`);
  return match[1] ?? '';
}
