import { appendFile, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { Outcome } from '../../../src/use-cases/evaluate/answers.ts';
import { openResumeFile } from '../../../src/use-cases/evaluate/resume.ts';

const RUN = { models: ['a', 'b'] };
let folder = '';
let file = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'patchlens-resume-'));
  file = join(folder, 'answers.jsonl');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function image(name: string, text = name): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

function outcome(path: string): Outcome & { status: 'ok' } {
  return {
    status: 'ok',
    path,
    label: 3,
    answers: [{ top: [3, 1], probabilities: [0.75, 0.1], labelProbability: 0.75 }],
    divergences: [],
  };
}

async function noted(...paths: string[]): Promise<void> {
  const answers = await openResumeFile(file, RUN);
  for (const path of paths) await answers.note({ path, label: 3 }, outcome(path));
  await answers.close();
}

async function answeredOf(path: string, label = 3) {
  const answers = await openResumeFile(file, RUN);
  const found = await answers.answered({ path, label });
  await answers.close();
  return found;
}

describe('partial results', () => {
  test('are taken up while the image and its label are as they were', async () => {
    const [a, b, missing] = [await image('a "b"\n<c>.jpg'), await image('b.jpg'), join(folder, 'c.jpg')];
    await noted(a);
    expect(await answeredOf(a)).toEqual(outcome(a));
    expect(await answeredOf(b)).toBeUndefined();
    expect(await answeredOf(a, 4)).toBeUndefined();
    await writeFile(a, 'another picture');
    expect(await answeredOf(a)).toBeUndefined();
    await noted(missing);
    expect(await answeredOf(missing)).toBeUndefined();
  });

  test('leave out what failed, so that it is tried again', async () => {
    const a = await image('a.jpg');
    const answers = await openResumeFile(file, RUN);
    await answers.note({ path: a }, { status: 'error', path: a, error: { code: 'IMAGE_UNREADABLE', message: 'no' } });
    await answers.close();
    expect(await answeredOf(a)).toBeUndefined();
  });

  test('lose no more than the line that a kill cut short', async () => {
    const [a, b] = [await image('a.jpg'), await image('b.jpg')];
    await noted(a, b);
    const whole = await readFile(file, 'utf8');
    for (let cut = 1; cut < 40; cut += 13) {
      await truncate(file, whole.length - cut);
      expect(await answeredOf(a)).toEqual(outcome(a));
      expect(await answeredOf(b)).toBeUndefined();
      await noted(b);
      expect(await readFile(file, 'utf8')).toBe(whole);
    }
    await writeFile(file, whole.slice(0, 20));
    await noted(a);
    expect(await answeredOf(a)).toEqual(outcome(a));
  });

  test('of another run, and any other file, are refused and left as they are', async () => {
    await noted(await image('a.jpg'));
    await expect(openResumeFile(file, { models: ['a'] })).rejects.toThrow('of a run with other models or options');
    await appendFile(file, '{"path":"x","answers":[]}\n');
    await expect(openResumeFile(file, RUN)).rejects.toThrow('line 3 is none');
    for (const text of [
      'precious notes',
      'precious notes\n',
      '{"patchlens":"partial results","version":2,"run":{}}\n',
    ]) {
      await writeFile(file, text);
      await expect(openResumeFile(file, RUN)).rejects.toThrow('Name another file to begin anew');
      expect(await readFile(file, 'utf8')).toBe(text);
    }
    await expect(openResumeFile(folder, RUN)).rejects.toThrow('--resume');
  });
});
