import { ask } from './answers.ts';
import type { Outcome, Question } from './answers.ts';
import { matchClasses } from './classes.ts';
import type { LabelConvention } from './classes.ts';
import { findLabelledImages } from './images.ts';
import type { Panel } from './panel.ts';
import { openResumeFile } from './resume.ts';
import type { ResumeFile } from './resume.ts';
import { NoImagesError } from '../../errors.ts';
import type { LoadOptions } from '../model-info.ts';
import { checkWhole } from '../whole-number.ts';

export interface CollectOptions extends LoadOptions {
  /** Images per forward pass, at most 1,024; default 8. */
  readonly batchSize?: number | undefined;
  /** How the data set writes its classes; `auto` finds out, `none` leaves its labels aside. */
  readonly labels?: LabelConvention | 'auto' | 'none' | undefined;
  /** A file in which answers are noted as they come, and from which those of an interrupted run are taken. */
  readonly resume?: string | undefined;
  /** Called as images are done, and before the first of a stage with `done` at what an earlier run had done. */
  readonly onImage?: ((event: ImageProgress) => void) | undefined;
}

export interface ImageProgress {
  /** What is being done with the images; in `compare` more follows the answers. */
  readonly stage: 'answers' | 'speed' | 'alignment' | 'robustness' | 'memory';
  readonly done: number;
  readonly total: number;
  /** Of those done, how many an earlier run had answered. */
  readonly resumed: number;
}

/** What a panel of models said of a data set. */
export interface Collection {
  /** One for each image, in order. */
  readonly outcomes: readonly Outcome[];
  /** How labels were read; undefined where there are none. */
  readonly convention: LabelConvention | undefined;
  readonly questions: readonly Question[];
}

const DEFAULT_BATCH_SIZE = 8;
/** As many images are decoded ahead, so this bounds memory too. */
const MAX_BATCH_SIZE = 1024;

export function batchSizeOf({ batchSize = DEFAULT_BATCH_SIZE }: Pick<CollectOptions, 'batchSize'>): number {
  checkWhole('batchSize', batchSize, { least: 1, most: MAX_BATCH_SIZE });
  return batchSize;
}

/** The images of a data set with the indices of their classes. @throws NoImagesError when there are none; ArgumentError. */
async function questionsOf(source: string, panel: Panel, options: CollectOptions) {
  const { labels = 'auto' } = options;
  const images = await findLabelledImages(source, { labels: labels !== 'none' });
  if (images.length === 0) throw new NoImagesError(`${source}: expected images, got none`);
  const written = images.flatMap(({ label }) => label ?? []);
  if (labels === 'none' || written.length === 0) {
    return { convention: undefined, questions: images.map(({ path }): Question => ({ path })) };
  }
  const { convention, indexOf } = matchClasses(written, panel.classes, labels);
  const questions = images.map(({ path, label }): Question => {
    return label === undefined ? { path } : { path, label: indexOf.get(label) };
  });
  return { convention, questions };
}

/** Asks the panel about every image that no earlier run has answered. */
export async function collect(source: string, panel: Panel, options: CollectOptions): Promise<Collection> {
  const batchSize = batchSizeOf(options);
  const { convention, questions } = await questionsOf(source, panel, options);
  const file = options.resume === undefined ? undefined : await openResumeFile(options.resume, runOf(panel, options));
  try {
    const outcomes = await answersTo(questions, panel, { ...options, batchSize, file });
    return { outcomes, convention, questions };
  } finally {
    await file?.close();
  }
}

interface AnswerOptions extends CollectOptions {
  readonly batchSize: number;
  readonly file: ResumeFile | undefined;
}

async function answersTo(questions: readonly Question[], panel: Panel, options: AnswerOptions): Promise<Outcome[]> {
  const { file, batchSize, autoOrient = true, signal, onImage } = options;
  const known = file === undefined ? [] : await Promise.all(questions.map((question) => file.answered(question)));
  const open = questions.filter((_, i) => known[i] === undefined);
  const resumed = questions.length - open.length;
  let done = resumed;
  const report = (): void => onImage?.({ stage: 'answers', done, total: questions.length, resumed });
  report();
  const fresh: Outcome[] = [];
  for await (const outcome of ask(panel, open, { batchSize, autoOrient, signal })) {
    await file?.note(open[fresh.length]!, outcome);
    fresh.push(outcome);
    done += 1;
    report();
  }
  let next = 0;
  return questions.map((_, i) => known[i] ?? fresh[next++]!);
}

/** What answers depend on, beside the images. */
function runOf({ members, classes }: Panel, { autoOrient = true }: CollectOptions) {
  const models = members.map(({ info }) => {
    const { name, architecture, numParameters, preprocessing, backend, precision } = info;
    return { name, architecture, numParameters, preprocessing, backend, precision };
  });
  return { models, numClasses: classes.length, autoOrient };
}
