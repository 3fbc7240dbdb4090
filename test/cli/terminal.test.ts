import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { coloursFor } from '../../src/cli/output/colours.ts';
import { displayWidth, fit } from '../../src/cli/output/fit.ts';
import { printable, printableJson } from '../../src/cli/output/printable.ts';
import { duration } from '../../src/cli/output/progress-bar.ts';
import { tableResults } from '../../src/cli/output/results-table.ts';
import { capture, fakePatchlens, patchlens } from './harness.ts';
import type { Capture } from './harness.ts';

const ESC = '\u001b';
const HOSTILE = `${ESC}[31mred${ESC}[2J\u202egpj.exe\u0000\u007f\u009b\n\u200b.jpg`;
const ACTED_ON = /[\p{Cc}\u202e\u200b]/u;

describe('names and labels from outside', () => {
  it('are shown with their controls, escapes and bidirectional marks spelt out', () => {
    expect(printable(HOSTILE)).toBe('\\x1b[31mred\\x1b[2J\\u{202e}gpj.exe\\x00\\x7f\\x9b\\n\\u{200b}.jpg');
  });

  it('are left alone when they are text in any script', () => {
    const text = 'Grüße, 猫, خط, किताब, 👩‍🔬 and Nº5';
    expect(printable(text)).toBe(text);
  });

  it('are escaped in JSON too, and parse back exactly', () => {
    const value = { path: `${HOSTILE}\u{e0041}\ud800` };
    expect(printableJson(value)).not.toMatch(ACTED_ON);
    expect(JSON.parse(printableJson(value))).toEqual(value);
  });

  it.each(['table', 'json', 'jsonl', 'csv'])('cannot act on a terminal through --format %s', async (format) => {
    const { stdout, stderr } = await patchlens(['classify', HOSTILE, `${HOSTILE}bad`, '--format', format], {
      api: fakePatchlens({ classes: [HOSTILE], notice: HOSTILE }),
      stdout: capture(200),
      env: { NO_COLOR: '1' },
    });
    expect(stdout.replaceAll('\n', '')).not.toMatch(ACTED_ON);
    expect(stderr.replaceAll('\n', '')).not.toMatch(ACTED_ON);
  });

  it('reach a csv file as they are', async () => {
    const { stdout } = await patchlens(['classify', 'a\u202eb.jpg', '--format', 'csv']);
    expect(stdout).toContain('a\u202eb.jpg');
  });
});

describe('colours', () => {
  const coloured = async (argv: string[], env: Record<string, string>, stdout?: Capture) =>
    (await patchlens(['classify', 'a.jpg', ...argv], { env, ...(stdout && { stdout }) })).stdout.includes(ESC);

  it('are for terminals that know them', async () => {
    expect(await coloured([], {}, capture(80))).toBe(true);
    expect(await coloured([], { TERM: 'dumb' }, capture(80))).toBe(false);
    expect(await coloured([], {})).toBe(false);
  });

  it('are off with NO_COLOR and --no-color, given before or after the command', async () => {
    expect(await coloured([], { NO_COLOR: '1' }, capture(80))).toBe(false);
    expect(await coloured([], { NO_COLOR: '' }, capture(80))).toBe(true);
    expect(await coloured(['--no-color'], { FORCE_COLOR: '1' }, capture(80))).toBe(false);
    const before = await patchlens(['--no-color', 'classify', 'a.jpg'], { stdout: capture(80) });
    expect(before.stdout).not.toContain(ESC);
  });

  it('are on in a pipe with FORCE_COLOR and off everywhere with FORCE_COLOR=0', async () => {
    expect(await coloured([], { FORCE_COLOR: '1' })).toBe(true);
    expect(await coloured([], { FORCE_COLOR: '0' }, capture(80))).toBe(false);
  });

  it('never reach a file, not even with FORCE_COLOR', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'patchlens-colours-'));
    try {
      const output = join(folder, 'out.txt');
      await patchlens(['classify', 'a.jpg', 'bad.jpg', '--output', output], { env: { FORCE_COLOR: '1' } });
      const text = await readFile(output, 'utf8');
      expect(text).toContain('a.jpg');
      expect(text).not.toContain(ESC);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe('the progress bar', () => {
  const inputs = ['1.jpg', '2.jpg', '3.jpg', '4.jpg', '5.jpg'];
  const bar = async (argv: string[], options: Parameters<typeof patchlens>[1] = {}) =>
    (await patchlens(['classify', ...argv], { stderr: capture(80), ...options })).stderr;

  it('shows the count on a terminal and wipes itself at the end', async () => {
    const text = await bar(inputs);
    expect(text).toContain('0/5');
    // «Erase from here down» is the last thing written.
    expect(text.endsWith(`${ESC}[0J`)).toBe(true);
  });

  it('is drawn again below the results when both share a terminal, with speed and time left', async () => {
    const text = await bar(inputs, { stdout: capture(80) });
    expect(text).toMatch(/█+░+ {2}3\/5 {2}\d+(\.\d)? images\/s {2}\d+ s left/);
    // It is wiped before each result.
    expect(text.split(`${ESC}[2K`).length - 1).toBeGreaterThanOrEqual(inputs.length);
  });

  it('only counts while the number of images is unknown', async () => {
    const text = await bar(['--files-from', '-'], { stdin: inputs.join('\n'), stdout: capture(80) });
    expect(text).toMatch(/3 images {2}\d+(\.\d)? images\/s/);
    expect(text).not.toContain('left');
  });

  it.each([
    ['for a few images', inputs.slice(1), {}],
    ['with --quiet', [...inputs, '--quiet'], {}],
    ['on a dumb terminal', inputs, { env: { TERM: 'dumb' } }],
    ['in a pipe', inputs, { stderr: capture() }],
  ])('is absent %s', async (_, argv, options) => {
    expect(await bar(argv, options)).toBe('');
  });

  it('tells durations in the units that matter', () => {
    expect([0.2, 59, 60, 185, 7800].map(duration)).toEqual(['1 s', '59 s', '1 min 00 s', '3 min 05 s', '2 h 10 min']);
  });
});

describe('a probability in the table', () => {
  const lineOf = (probability: number) => {
    const layout = {
      colours: coloursFor(capture(80), { NO_COLOR: '1' }),
      width: 80,
      paths: ['a.jpg'],
      labels: ['cat'],
      topK: 1,
    };
    const predictions = [{ index: 0, label: 'cat', probability }];
    return tableResults(layout).result({ path: 'a.jpg', status: 'ok', predictions }, 0);
  };

  it.each([
    [1, '100.00% ██████████'],
    [0.5, ' 50.00% █████'],
    [0.0125, '  1.25% ▏'],
    [0.00004, ' <0.01%'],
    [0, '  0.00%'],
  ])('of %d reads %s', (probability, expected) => {
    expect(lineOf(probability)).toBe(`a.jpg  cat    ${expected}\n`);
  });
});

describe('fitting text into columns', () => {
  it('counts wide characters twice and combining marks not at all', () => {
    expect(['abc', '猫', 'e\u0301', '👩‍🔬', 'ｆ'].map(displayWidth)).toEqual([3, 2, 1, 2, 2]);
  });

  it('shortens at the chosen end and never beyond the width', () => {
    expect(fit('folder/cat.jpg', 8)).toBe('folder/…');
    expect(fit('folder/cat.jpg', 8, { keep: 'end' })).toBe('…cat.jpg');
    expect(fit('猫猫猫', 4)).toBe('猫…');
    expect(fit('short', 5)).toBe('short');
  });
});
