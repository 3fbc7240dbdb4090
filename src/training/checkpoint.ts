import { readFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

import * as z from 'zod';

import { TrainingError } from '../errors.ts';
import { sizeOf } from '../weights/arrays.ts';
import type { NamedArrays } from '../weights/arrays.ts';
import { withFile } from '../weights/byte-source.ts';
import { readJson } from '../weights/json-file.ts';
import { readSafetensors } from '../weights/safetensors.ts';
import type { TensorToWrite } from '../weights/torch-tensor.ts';
import { writeFolder } from '../weights/write-folder.ts';
import { writeSafetensors } from '../weights/write-safetensors.ts';
import { writeJson, writeWhole } from '../weights/write-whole.ts';
import { emptyMemory } from './optimizer.ts';
import type { Memory } from './optimizer.ts';
import { Recipe } from './recipe.ts';
import type { TrainingState } from './state.ts';
import { optimizerOf, trainedNames } from './state.ts';
import type { Trainable } from './trainable.ts';

/** What a run is, beside its state: written once, and the same as long as it goes on. */
export const RunFacts = z.object({
  recipe: Recipe,
  /** Names of the classes, in index order. */
  classes: z.array(z.string()),
  /** Of the images and their labels: a run goes on with the same ones only. */
  fingerprint: z.string(),
  /** Of the network's parameters and their shapes. */
  network: z.string(),
  /** How its images are prepared; what an older state does not say is not compared. */
  preprocessing: z.string().optional(),
  /** Of the model that it learns from. */
  teacher: z.string().optional(),
  /** Of the files of that model. */
  teacherFiles: z.string().optional(),
});
export type RunFacts = z.infer<typeof RunFacts>;

const StateFile = RunFacts.extend({ step: z.int().nonnegative() });

const STATE_FOLDER = /^step-\d+$/;
/** A state, or what a run that was killed has left of one. */
const OWN_ENTRY = /^(?:step-\d+|\.step-\d+\.partial-.+)$/;
const FACTS_FILE = 'state.json';
const ARRAYS_FILE = 'state.safetensors';

/**
 * Writes the state of a run as a folder `step-…` of its own, which appears whole, and removes the older ones after that:
 * whenever the run is killed, the newest of them is one to go on from. A state of the same step that is there already is
 * the same one and stays.
 */
export async function saveState(folder: string, facts: RunFacts, state: TrainingState): Promise<void> {
  const name = `step-${String(state.step).padStart(8, '0')}`;
  const entries = await readdir(folder);
  if (!entries.includes(name)) {
    await writeFolder(join(folder, name), async (path) => {
      await writeJson(join(path, FACTS_FILE), { ...facts, step: state.step });
      await writeSafetensors(join(path, ARRAYS_FILE), tensorsOf(state));
    });
  }
  for (const entry of entries) {
    if (entry !== name && OWN_ENTRY.test(entry)) await rm(join(folder, entry), { recursive: true, force: true });
  }
}

/** The newest state in the folder of a run, as it was saved; undefined when there is none. */
export async function newestState(folder: string): Promise<string | undefined> {
  const entries = await readdir(folder).catch(() => []);
  const newest = entries
    .filter((name) => STATE_FOLDER.test(name))
    .toSorted()
    .at(-1);
  return newest && join(folder, newest);
}

/**
 * What a saved state belongs to.
 *
 * @throws TrainingError when its file is not what this version writes.
 */
export async function readFacts(path: string): Promise<RunFacts & { readonly step: number }> {
  const parsed = StateFile.safeParse(await readJson(join(path, FACTS_FILE)));
  if (parsed.success) return parsed.data;
  throw new TrainingError(`${path}: expected the state of a run: ${z.prettifyError(parsed.error)}`);
}

/**
 * Reads a saved state for its network.
 *
 * @throws TrainingError, WeightsError when it is not whole or belongs to another network.
 */
export async function readState(
  path: string,
  network: Trainable,
  recipe: Recipe,
  step: number,
): Promise<TrainingState> {
  const file = join(path, ARRAYS_FILE);
  const arrays = await withFile(file, (source) => readSafetensors(source, file));
  const names = [...network.shapes.keys(), ...network.runningShapes.keys()];
  const read = (kind: string, name: string): Float32Array => {
    const shape = network.shapes.get(name) ?? network.runningShapes.get(name) ?? [];
    return arrayOf(arrays, `${kind}/${name}`, sizeOf(shape), file);
  };
  const all = (kind: string): Map<string, Float32Array> => new Map(names.map((name) => [name, read(kind, name)]));
  const values = all('values');
  const memory = trainedNames(network, recipe).map((name): [string, Memory] => [
    name,
    emptyMemory(optimizerOf(network, recipe, name), 0).map((_, i) => read(`memory.${i}`, name)),
  ]);
  return { step, values, memory: new Map(memory), average: recipe.averageDecay > 0 ? all('average') : undefined };
}

function arrayOf(arrays: NamedArrays, name: string, length: number, where: string): Float32Array {
  const data = arrays.get(name)?.data;
  if (data?.length === length) return data;
  throw new TrainingError(
    `${where}: expected an array ${name} of ${length} values, got ${data?.length ?? 'none'}. Is it the state of another network?`,
  );
}

function tensorsOf({ values, memory, average }: TrainingState): TensorToWrite[] {
  const named = [
    ...[...values].map(([name, data]) => [`values/${name}`, data] as const),
    ...[...(average ?? [])].map(([name, data]) => [`average/${name}`, data] as const),
    ...[...memory].flatMap(([name, arrays]) => arrays.map((data, i) => [`memory.${i}/${name}`, data] as const)),
  ];
  return named.map(([name, data]) => ({ name, shape: [data.length], values: () => data }));
}

/** Keeps the lines of a JSONL log up to a step, so that those of a run that goes on follow them, and gives them. */
export async function cutLog(path: string, step: number): Promise<string[]> {
  const text = await readFile(path, 'utf8').catch(() => '');
  const lines = text.split('\n').filter((line) => stepOf(line) <= step);
  await writeWhole(path, lines.map((line) => `${line}\n`).join(''));
  return lines;
}

const LogLine = z.object({ step: z.number() });

/** The step of a line of the log; infinite for one that was cut short. */
function stepOf(line: string): number {
  try {
    return LogLine.parse(JSON.parse(line)).step;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
