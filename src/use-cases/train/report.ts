import { readFile, rename, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';

import * as z from 'zod';

import { trainingPage } from '../../report/training-page.ts';
import type { CurvePoint, Trial } from '../../report/training.ts';
import type { RunFacts } from '../../training/checkpoint.ts';

export const LOG_FILE = 'log.jsonl';
const REPORT_FILE = 'report.html';

/** What one curve is drawn with; more would not be seen. */
const MAX_POINTS = 300;

/** Writes `report.html` beside the log of a run, whole, from what the log says so far. */
export async function writeReport(output: string, facts: RunFacts): Promise<void> {
  const { steps, trials } = await readLog(join(output, LOG_FILE));
  const html = await trainingPage({
    name: basename(resolve(output)),
    facts: factsOf(facts),
    isDistilled: facts.teacher !== undefined,
    steps: facts.recipe.steps,
    curve: thinned(steps, MAX_POINTS),
    trials,
  });
  const path = join(output, REPORT_FILE);
  await writeFile(`${path}.partial`, html);
  await rename(`${path}.partial`, path);
}

const Step = z.object({
  step: z.number(),
  loss: z.number(),
  accuracy: z.number(),
  learningRate: z.number(),
  gradientNorm: z.number(),
  imagesPerSecond: z.number(),
});
const Tried = z.object({
  step: z.number(),
  validation: z.object({ images: z.number(), top1: z.number(), loss: z.number() }),
});

async function readLog(path: string): Promise<{ steps: CurvePoint[]; trials: Trial[] }> {
  const steps: CurvePoint[] = [];
  const trials: Trial[] = [];
  for (const line of (await readFile(path, 'utf8')).split('\n')) {
    const value = parsed(line);
    const step = Step.safeParse(value);
    const tried = Tried.safeParse(value);
    if (step.success) steps.push(step.data);
    if (tried.success) trials.push({ step: tried.data.step, ...tried.data.validation });
  }
  return { steps, trials };
}

/** Undefined for a line that is cut short. */
function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** At most so many points, each the mean of the same number of steps and placed at the last of them. */
export function thinned(steps: readonly CurvePoint[], most: number): CurvePoint[] {
  const width = Math.ceil(steps.length / most);
  const points: CurvePoint[] = [];
  for (let start = 0; start < steps.length; start += width) {
    const part = steps.slice(start, start + width);
    const mean = (key: keyof CurvePoint): number => part.reduce((sum, step) => sum + step[key], 0) / part.length;
    points.push({
      step: part.at(-1)!.step,
      loss: mean('loss'),
      accuracy: mean('accuracy'),
      learningRate: mean('learningRate'),
      gradientNorm: mean('gradientNorm'),
      imagesPerSecond: mean('imagesPerSecond'),
    });
  }
  return points;
}

function factsOf({ recipe, classes, teacher }: RunFacts): [string, string][] {
  const entries = Object.entries(recipe).map(([key, value]): [string, string] => [wordsOf(key), textOf(value)]);
  const taught: [string, string][] = teacher === undefined ? [] : [['teacher', teacher]];
  return [['classes', classes.join(', ')], ...taught, ...entries];
}

/** `weightDecay` → `weight decay` */
function wordsOf(key: string): string {
  return key.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

function textOf(value: unknown): string {
  if (value === null) return 'none';
  if (typeof value === 'string') return value;
  if (typeof value !== 'object') return JSON.stringify(value);
  return Object.entries(value)
    .map(([key, inner]) => (key === 'kind' ? String(inner) : `${wordsOf(key)} ${textOf(inner)}`))
    .join(', ');
}
