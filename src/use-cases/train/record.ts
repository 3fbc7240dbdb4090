import { appendFile, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { ArgumentError, TrainingError } from '../../errors.ts';
import { cutLog, newestState, readFacts, readState, saveState } from '../../training/checkpoint.ts';
import type { RunFacts } from '../../training/checkpoint.ts';
import { bestValues, initialState } from '../../training/state.ts';
import type { TrainingState } from '../../training/state.ts';
import { LOG_FILE, writeReport } from './report.ts';
import type { Run } from './run.ts';
import { CONFIG_FILE, WEIGHTS_FILE } from '../../weights/checkpoint.ts';

/** What a run leaves in its folder: its log, its states, its model and its report. */
export interface RunRecord {
  readonly first: FirstState;
  log(line: object): Promise<void>;
  /** Saves the state and writes the model and the report. */
  save(state: TrainingState): Promise<void>;
  /** The same, when it is time for it; the report less often. */
  saveWhenDue(state: TrainingState): Promise<void>;
}

const DEFAULT_SAVE_SECONDS = 300;
/** The report takes a moment to draw. */
const REPORT_SECONDS = 60;
export const STATE_FOLDER = 'state';

/** @throws ArgumentError for the folder of another run, TrainingError when it cannot be written to. */
export async function openRecord(run: Run): Promise<RunRecord> {
  const { student, options } = run;
  const { output, onEvent, saveEvery = DEFAULT_SAVE_SECONDS } = options;
  const facts = factsOf(run);
  await written(output, () => mkdir(output, { recursive: true }));
  const first = await firstState(run, facts);
  const at = { saved: Date.now(), reported: Date.now() };
  const keep = async (state: TrainingState): Promise<void> => {
    await written(output, async () => {
      await saveState(join(output, STATE_FOLDER), facts, state);
      await student.write(output, bestValues(state));
    });
    at.saved = Date.now();
    onEvent?.({ kind: 'saved', step: state.step });
  };
  const report = async (): Promise<void> => {
    await written(output, () => writeReport(output, facts));
    at.reported = Date.now();
  };
  return {
    first,
    log: (line) => written(output, () => appendFile(join(output, LOG_FILE), `${JSON.stringify(line)}\n`)),
    save: async (state) => {
      await keep(state);
      await report();
    },
    saveWhenDue: async (state) => {
      if (Date.now() - at.saved <= saveEvery * 1000) return;
      await keep(state);
      if (Date.now() - at.reported > REPORT_SECONDS * 1000) await report();
    },
  };
}

/** Says what an error of the file system means for the run. */
async function written<T>(output: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && 'syscall' in cause)) throw cause;
    throw new TrainingError(
      `output ${output}: expected a folder that can be written to, got ${String(cause.code)}. The last saved state is whole: ` +
        'make room there and go on by resume.',
      { cause },
    );
  }
}

function factsOf({ student, recipe, images, teacher }: Run): RunFacts {
  const { labelled, fingerprint } = images;
  return {
    recipe,
    classes: [...labelled.classes],
    fingerprint,
    network: student.identity,
    preprocessing: JSON.stringify(student.preprocessing),
    teacher: teacher?.identity,
    teacherFiles: teacher?.fingerprint,
  };
}

interface FirstState {
  readonly state: TrainingState;
  /** Whether the log has the trial of the state's step. */
  readonly isTried: boolean;
}

async function firstState({ student, given, recipe, options }: Run, facts: RunFacts): Promise<FirstState> {
  const { output, resume = false, onEvent } = options;
  const folder = join(output, STATE_FOLDER);
  const saved = await newestState(folder);
  if (saved === undefined) {
    await checkUnused(output);
    await written(output, () => mkdir(folder, { recursive: true }));
    await written(output, () => cutLog(join(output, LOG_FILE), -1));
    return { state: initialState(student.network, recipe, given), isTried: false };
  }
  if (!resume) {
    throw new ArgumentError(
      `output ${output}: expected a folder without a run, got one. Go on with it by resume, or name another.`,
    );
  }
  const { step, ...known } = await readFacts(saved);
  checkFacts(known, facts, output);
  const lines = await written(output, () => cutLog(join(output, LOG_FILE), step));
  onEvent?.({ kind: 'resumed', step });
  const state = await readState(saved, student.network, recipe, step);
  // A trial is logged after its step.
  return { state, isTried: lines.at(-1)?.includes('"validation"') ?? false };
}

/** A model without a state is somebody's work: a run would overwrite it. */
async function checkUnused(output: string): Promise<void> {
  const model = (await readdir(output)).find((name) => name === CONFIG_FILE || name === WEIGHTS_FILE);
  if (model === undefined) return;
  throw new ArgumentError(`output ${output}: expected a folder without a model, got one with ${model}. Name another.`);
}

interface Fact {
  readonly key: keyof RunFacts;
  readonly name: string;
  /** Of what states have not always said: what an older one leaves out is not compared. */
  readonly isNewer?: true;
}

const FACTS: readonly Fact[] = [
  { key: 'network', name: 'network' },
  { key: 'classes', name: 'classes' },
  { key: 'fingerprint', name: 'images' },
  // It follows from the images, too.
  { key: 'preprocessing', name: 'preprocessing', isNewer: true },
  { key: 'teacher', name: 'teacher' },
  { key: 'teacherFiles', name: 'files of the teacher', isNewer: true },
  { key: 'recipe', name: 'recipe' },
];

/** A run goes on as it began, or its curve would be that of no recipe. */
function checkFacts(known: RunFacts, now: RunFacts, output: string): void {
  for (const { key, name, isNewer } of FACTS) {
    if (known[key] === undefined && isNewer) continue;
    const [was, is] = [known[key], now[key]].map((fact) => JSON.stringify(fact) ?? 'none');
    if (was === is) continue;
    throw new TrainingError(`output ${output}: expected the ${name} that the run began with, ${was}, got ${is}`);
  }
}
