import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { Interruption } from '../../src/cli/exit.ts';
import { ArgumentError, BackendError, ModelNotFoundError } from '../../src/errors.ts';
import type { Classification, LoadOptions } from '../../src/index.ts';
import { capture, failingAfter, fakePatchlens, patchlens, PROBABILITIES } from './harness.ts';

const PREDICTIONS = ['cat', 'dog', 'eel'].map((label, index) => ({ index, label, probability: PROBABILITIES[index] }));

function jsonLines(text: string): Classification[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

describe('the formats of patchlens classify', () => {
  it('prints one array for json, in the shape of the contract and no other', async () => {
    const { code, stdout } = await patchlens(['classify', 'a.jpg', 'bad.jpg', '--format', 'json']);
    expect(JSON.parse(stdout)).toStrictEqual([
      { path: 'a.jpg', status: 'ok', predictions: PREDICTIONS },
      {
        path: 'bad.jpg',
        status: 'error',
        error: { code: 'IMAGE_UNREADABLE', message: 'bad.jpg: expected an image, got text' },
      },
    ]);
    expect(stdout.endsWith(']\n')).toBe(true);
    expect(code).toBe(1);
  });

  it('prints one object a line for jsonl', async () => {
    const { code, stdout } = await patchlens(['classify', 'a.jpg', 'b.jpg', '--format', 'jsonl', '--top-k', '1']);
    expect(stdout).toBe(
      '{"path":"a.jpg","status":"ok","predictions":[{"index":0,"label":"cat","probability":0.8125}]}\n' +
        '{"path":"b.jpg","status":"ok","predictions":[{"index":0,"label":"cat","probability":0.8125}]}\n',
    );
    expect(code).toBe(0);
  });

  it('prints a row per prediction for csv, with formulas made harmless', async () => {
    const { stdout } = await patchlens(['classify', '=1+1.jpg', 'bad,"x".jpg', '--format', 'csv', '--top-k', '2']);
    expect(stdout).toBe(
      'path,status,rank,index,label,probability,error_code,error_message\n' +
        "'=1+1.jpg,ok,1,0,cat,0.8125,,\n" +
        "'=1+1.jpg,ok,2,1,dog,0.125,,\n" +
        '"bad,""x"".jpg",error,,,,,IMAGE_UNREADABLE,"bad,""x"".jpg: expected an image, got text"\n',
    );
  });

  it('prints a block of aligned lines per image for table, the likeliest class first', async () => {
    const { stdout } = await patchlens(['classify', 'photo.jpg', 'bad.jpg']);
    expect(stdout).toBe(
      'Image      Label  Probability\n' +
        'photo.jpg  cat     81.25%\n' +
        '           dog     12.50%\n' +
        '           eel      6.25%\n' +
        '\n' +
        'bad.jpg    expected an image, got text\n',
    );
  });

  it('keeps every line of a table within the terminal, long names by their end and long labels by their beginning', async () => {
    const path = `${'folder/'.repeat(20)}cat.jpg`;
    const classes = ['a very long label, with many synonyms, as those of ImageNet often are', '猫'.repeat(50)];
    for (const columns of [60, 80, 120]) {
      const { stdout } = await patchlens(['classify', path, 'bad.jpg'], {
        api: fakePatchlens({ classes }),
        stdout: capture(columns),
        env: { NO_COLOR: '1' },
      });
      const lines = stdout.split('\n');
      // Every 猫 takes two columns.
      for (const line of lines) expect(line.length + (line.match(/猫/g) ?? []).length).toBeLessThanOrEqual(columns);
      expect(lines[1]).toMatch(/^….*\/cat\.jpg {2}a very long .*… {2} 81\.25% ████████▏$/);
    }
  });

  it('prints one line per image without gaps when one prediction is asked for', async () => {
    const { stdout } = await patchlens(['classify', 'a.jpg', 'b.jpg', '--top-k', '1']);
    expect(stdout.split('\n')).toHaveLength(4);
  });

  it('never shortens a name in a table that goes to a pipe', async () => {
    const long = `${'x'.repeat(200)}.jpg`;
    const { stdout } = await patchlens(['classify', '--files-from', '-'], { stdin: `a.jpg\n${long}\n` });
    expect(stdout).toContain(`${long}  cat`);
  });
});

describe('what patchlens classify takes', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'patchlens-classify-'));
  });

  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  async function pathsOf(argv: string[], stdin?: string | Iterable<string>): Promise<string[]> {
    const { stdout } = await patchlens(
      ['classify', '--format', 'jsonl', ...argv],
      stdin === undefined ? {} : { stdin },
    );
    return jsonLines(stdout).map(({ path }) => path);
  }

  it('keeps the order of the inputs, standard input at its place', async () => {
    await writeFile(join(folder, '10.jpg'), '');
    await writeFile(join(folder, '9.jpg'), '');
    expect(await pathsOf(['z.jpg', '-', folder, 'a.jpg'], 'bytes')).toEqual([
      'z.jpg',
      '-',
      join(folder, '9.jpg'),
      join(folder, '10.jpg'),
      'a.jpg',
    ]);
  });

  it('reports standard input that is no image as a result', async () => {
    const { code, stdout } = await patchlens(['classify', '-', '--format', 'jsonl'], { stdin: '' });
    expect(jsonLines(stdout)).toMatchObject([{ path: '-', status: 'error', error: { code: 'IMAGE_UNREADABLE' } }]);
    expect(code).toBe(1);
  });

  it('reads names literally from a list, whatever its line ends, after the other inputs', async () => {
    const list = join(folder, 'list.txt');
    await writeFile(list, 'b.jpg\r\n\n*.jpg\n two spaces .jpg');
    expect(await pathsOf(['--files-from', list, 'a.jpg'])).toEqual(['a.jpg', 'b.jpg', '*.jpg', ' two spaces .jpg']);
  });

  it('reads names from standard input, across chunks and with line breaks that only look like one', async () => {
    const chunks = ['one.jp', 'g\ntwo', '.jpg\nthree\u2028\u0085.jpg\n'];
    expect(await pathsOf(['--files-from', '-'], chunks)).toEqual(['one.jpg', 'two.jpg', 'three\u2028\u0085.jpg']);
  });

  it('passes its options on to the model', async () => {
    let seen: [string, LoadOptions] | undefined;
    const api = fakePatchlens({ onLoad: (...load) => (seen = load) });
    const flags =
      '--model m --backend cpu --precision f32 --threads 3 --image-size 240x320 --no-auto-orient --max-pixels 9 ' +
      '--resize shorter-edge --crop 0.875 --interpolation bicubic --mean -0.5 --std 0.1,0.2,0.3';
    await patchlens(['classify', 'a.jpg', ...flags.split(' ')], { api });
    expect(seen).toMatchObject([
      'm',
      {
        backend: 'cpu',
        precision: 'f32',
        threads: 3,
        imageSize: { height: 240, width: 320 },
        autoOrient: false,
        maxPixels: 9,
        preprocessing: {
          resize: 'shorter-edge',
          crop: 0.875,
          interpolation: 'bicubic',
          mean: [-0.5, -0.5, -0.5],
          std: [0.1, 0.2, 0.3],
        },
      },
    ]);
  });

  it('runs the embedded model when none is named and says once what it is, unless quiet', async () => {
    const notice = 'shapes is a small model.';
    const api = fakePatchlens({ notice });
    expect(await patchlens(['classify', 'a.jpg'], { api })).toMatchObject({
      code: 0,
      stderr: `patchlens: ${notice}\n`,
    });
    expect(await patchlens(['classify', 'a.jpg', '--quiet'], { api })).toMatchObject({ code: 0, stderr: '' });
    expect(await patchlens(['classify', 'a.jpg', '--model', 'm'], { api })).toMatchObject({ code: 0, stderr: '' });
  });
});

describe('the exit codes of patchlens classify', () => {
  it.each([
    [['classify'], 'expected files, folders, globs, - or --files-from, got no input'],
    [['classify', '-', '-'], 'standard input can be read only once'],
    [['classify', '-', '--files-from', '-'], 'standard input can be read only once'],
    [['classify', '--files-from', 'no-such-list'], '--files-from no-such-list: expected a list of file names (ENOENT'],
    [['classify', '--files-from', '.'], 'it is a folder'],
    [['classify', 'a.jpg', '--top-k', '0'], 'Expected a whole number of 1 or more.'],
    [['classify', 'a.jpg', '--top-k', '2.5'], 'Expected a whole number of 1 or more.'],
    [['classify', 'a.jpg', '--top-k', 'five'], 'Expected a whole number of 1 or more.'],
    [['classify', 'a.jpg', '--threads', '-1'], 'Expected a whole number of 1 or more.'],
    [['classify', 'a.jpg', '--batch-size', '1e99'], 'Expected a whole number of 1 or more.'],
    [['classify', 'a.jpg', '--image-size', '0'], 'Expected pixels, as 384 or 240x320'],
    [['classify', 'a.jpg', '--image-size', '240×320'], 'Expected pixels, as 384 or 240x320'],
    [['classify', 'a.jpg', '--mean', '0.5,0.5'], 'Expected a number, or three as 0.485,0.456,0.406'],
    [['classify', 'a.jpg', '--std', '0.5,0,0.5'], 'Expected a number, or three as 0.485,0.456,0.406'],
    [['classify', 'a.jpg', '--crop', '0'], 'Expected a number from 0.01 to 1.'],
    [['classify', 'a.jpg', '--resize', 'squish'], 'Did you mean squash?'],
    [['classify', 'a.jpg', '--backend', 'wsam'], 'Did you mean wasm?'],
    [['classify', 'a.jpg', '--backend', 'tf'], 'Expected one of auto, native, tensorflow, wasm, cpu.'],
    [['classify', 'a.jpg', '--backend', 'tensor'], 'Did you mean tensorflow?'],
    [['classify', 'a.jpg', '--format', 'JSONL'], 'Did you mean jsonl?'],
    [['classify', 'a.jpg', '--topk', '3'], 'Did you mean --top-k?'],
    [['clasify', 'a.jpg'], 'Did you mean classify?'],
  ])('is 2 with one line on stderr for %j', async (argv, message) => {
    const { code, stdout, stderr } = await patchlens(argv);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^patchlens: [^\n]+\n$/);
    expect(stderr).toContain(message);
  });

  it('is 2 when an image or names are expected from a terminal', async () => {
    const { code, stderr } = await patchlens(['classify', '-'], { interactive: true });
    expect(code).toBe(2);
    expect(stderr).toContain('expects an image on standard input, got a terminal');
  });

  it('is 1 when some images failed, and says how many', async () => {
    const { code, stderr } = await patchlens(['classify', 'a.jpg', 'bad.jpg', 'b.jpg']);
    expect(code).toBe(1);
    expect(stderr).toBe('patchlens: 1 of 3 images could not be classified\n');
  });

  it('is 3 when nothing matched, before any model is loaded', async () => {
    let loaded = false;
    const api = fakePatchlens({ onLoad: () => (loaded = true) });
    const { code, stdout, stderr } = await patchlens(['classify', 'nowhere/*.jpg', '--format', 'json'], { api });
    expect({ code, stdout, stderr }).toEqual({
      code: 3,
      stdout: '',
      stderr: 'patchlens: no image matched: nowhere/*.jpg\n',
    });
    expect(loaded).toBe(false);
  });

  it('is 3 when a list from a pipe turns out empty', async () => {
    const { code, stderr } = await patchlens(['classify', '--files-from', '-'], { stdin: '\n\n' });
    expect(code).toBe(3);
    expect(stderr).toBe('patchlens: no image matched: --files-from -\n');
  });

  it('notes the one input of several that matched nothing', async () => {
    const { code, stderr } = await patchlens(['classify', 'nowhere/*.jpg', 'a.jpg']);
    expect(code).toBe(0);
    expect(stderr).toBe('patchlens: nowhere/*.jpg: no image matched\n');
  });

  it.each([
    [4, new ModelNotFoundError('model m: expected a folder, got nothing')],
    [4, new BackendError('BACKEND_UNAVAILABLE', 'backend tensorflow: not installed')],
    [2, new ArgumentError('imageSize: expected a multiple of 16, got 100')],
  ])('is %d for %o, in one line without a stack', async (expected, error) => {
    const api = { loadModel: () => Promise.reject(error) };
    const { code, stdout, stderr } = await patchlens(['classify', 'a.jpg', '--format', 'json'], { api });
    expect({ code, stdout, stderr }).toEqual({ code: expected, stdout: '', stderr: `patchlens: ${error.message}\n` });
  });

  it('is 1 for a bug, which shows its stack', async () => {
    const api = { loadModel: () => Promise.reject(new TypeError('undefined is not a function')) };
    const { code, stderr } = await patchlens(['classify', 'a.jpg'], { api });
    expect(code).toBe(1);
    expect(stderr).toMatch(/a bug in patchlens:\nTypeError: undefined is not a function\n {4}at .*harness|classify/);
  });

  it('is 1 with --fail-fast, right after the first failure', async () => {
    const argv = ['classify', 'a.jpg', 'bad.jpg', 'b.jpg', '--format', 'json', '--fail-fast'];
    const { code, stdout, stderr } = await patchlens(argv);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject([{ path: 'a.jpg' }, { path: 'bad.jpg' }]);
    expect(stderr).toContain('stopped by --fail-fast at image 2: bad.jpg: expected an image');
  });

  it('is 0 and silent when the reader of the output has gone', async () => {
    const stdout = failingAfter(2, 'EPIPE');
    let images = 0;
    const api = fakePatchlens({ onImage: () => images++ });
    const inputs = Array.from({ length: 50 }, (_, i) => `${i}.jpg`);
    const { code, stderr } = await patchlens(['classify', ...inputs, '--format', 'jsonl'], { api, stdout });
    expect({ code, stderr, images }).toEqual({ code: 0, stderr: '', images: 3 });
  });

  it('is 1 with one line when the disk behind standard output is full', async () => {
    const { code, stderr } = await patchlens(['classify', 'a.jpg'], { stdout: failingAfter(0, 'ENOSPC') });
    expect(code).toBe(1);
    expect(stderr).toBe('patchlens: standard output: cannot be written (write ENOSPC)\n');
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('on %s is %d, with the finished results as a whole document', async (name, expected) => {
    const controller = new AbortController();
    const api = fakePatchlens({ onImage: (count) => count === 2 && controller.abort(new Interruption(name)) });
    const argv = ['classify', 'a.jpg', 'b.jpg', 'c.jpg', 'd.jpg', '--format', 'json'];
    const { code, stdout, stderr } = await patchlens(argv, { api, signal: controller.signal });
    expect(code).toBe(expected);
    expect(JSON.parse(stdout)).toMatchObject([{ path: 'a.jpg' }, { path: 'b.jpg' }]);
    expect(stderr).toBe('patchlens: interrupted\n');
  });

  it('is 130 when interrupted while waiting for standard input', async () => {
    const controller = new AbortController();
    function* endless() {
      yield 'some bytes';
      controller.abort(new Interruption('SIGINT'));
      yield 'more';
    }
    const { code, stdout } = await patchlens(['classify', '-'], { stdin: endless(), signal: controller.signal });
    expect({ code, stdout }).toEqual({ code: 130, stdout: '' });
  });
});

describe('patchlens classify --output', () => {
  let folder: string;
  let output: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'patchlens-output-'));
    output = join(folder, 'out.json');
  });

  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  const json = ['--format', 'json', '--output'];

  it('writes the file whole, prints nothing and leaves no other file behind', async () => {
    await writeFile(output, 'old');
    const { code, stdout } = await patchlens(['classify', 'a.jpg', ...json, output]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    expect(JSON.parse(await readFile(output, 'utf8'))).toMatchObject([{ path: 'a.jpg' }]);
    expect(await readdir(folder)).toEqual(['out.json']);
  });

  it('has the finished results after an interruption', async () => {
    const controller = new AbortController();
    const api = fakePatchlens({ onImage: (count) => count === 1 && controller.abort(new Interruption('SIGINT')) });
    const argv = ['classify', 'a.jpg', 'b.jpg', ...json, output];
    const { code } = await patchlens(argv, { api, signal: controller.signal });
    expect(code).toBe(130);
    expect(JSON.parse(await readFile(output, 'utf8'))).toMatchObject([{ path: 'a.jpg' }]);
  });

  it('leaves an older file as it was when there is no result', async () => {
    await writeFile(output, 'old');
    const api = { loadModel: () => Promise.reject(new ModelNotFoundError('model m: not there')) };
    expect(await patchlens(['classify', 'a.jpg', ...json, output], { api })).toMatchObject({ code: 4 });
    expect(await readFile(output, 'utf8')).toBe('old');
    expect(await readdir(folder)).toEqual(['out.json']);
  });

  it('fails with 1 before the model is loaded where it cannot write', async () => {
    let loaded = false;
    const api = fakePatchlens({ onLoad: () => (loaded = true) });
    for (const place of [folder, join(folder, 'no', 'such', 'folder.json')]) {
      const { code, stderr } = await patchlens(['classify', 'a.jpg', ...json, place], { api });
      expect(code).toBe(1);
      expect(stderr).toMatch(/^patchlens: --output [^\n]+: cannot be written \([^\n]+\)\n$/);
    }
    expect(loaded).toBe(false);
  });

  it.skipIf(process.platform === 'win32')('writes straight into what is no regular file', async () => {
    expect(await patchlens(['classify', 'a.jpg', ...json, '/dev/null'])).toMatchObject({ code: 0, stderr: '' });
  });

  it.skipIf(process.platform !== 'linux')('fails with 1 and one line when the disk is full', async () => {
    const { code, stderr } = await patchlens(['classify', 'a.jpg', ...json, '/dev/full']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^patchlens: --output \/dev\/full: cannot be written \(ENOSPC[^\n]+\)\n$/);
  });
});
