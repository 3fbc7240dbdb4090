import { arch, availableParallelism, cpus } from 'node:os';
import process from 'node:process';

import { alignmentsOf, ALIGNMENT_BATCH } from './alignment.ts';
import { networkCost } from '../load/network-cost.ts';
import { memoryOf } from './memory.ts';
import { comparePairs } from './pairs.ts';
import type { Answered } from './pairs.ts';
import { robustnessOf } from './robustness.ts';
import type { CleanImage } from './robustness.ts';
import { speedsOf } from './speed.ts';
import { packageVersion } from '../doctor.ts';
import { ArgumentError, NoImagesError } from '../../errors.ts';
import { viewsOf } from '../evaluate/answers.ts';
import { batchSizeOf, collect } from '../evaluate/collect.ts';
import type { Collection, CollectOptions } from '../evaluate/collect.ts';
import { loadPanel } from '../evaluate/panel.ts';
import type { Panel } from '../evaluate/panel.ts';
import { accuracyReport, failuresOf, labelledAnswers } from '../evaluate/evaluate.ts';
import { PERTURBATION_KINDS } from '../../image/perturb.ts';
import type { PerturbationKind } from '../../image/perturb.ts';
import { batched, mapAhead } from '../map-ahead.ts';
import { permutation, randomOf, seedOf } from '../../metrics/random.ts';
import { labelOf } from '../prediction.ts';
import { COMPARISON_VERSION } from '../../report/comparison.ts';
import type {
  Alignment,
  ComparedModel,
  Comparison,
  ModelMemory,
  ModelSpeed,
  RobustnessCurves,
} from '../../report/comparison.ts';
import { checkWhole } from '../whole-number.ts';

export interface CompareOptions extends CollectOptions {
  /** How often each model is timed; default 20, and 0 measures no speed. */
  readonly rounds?: number | undefined;
  /** Whether memory is measured, in a process for each model; default true. */
  readonly memory?: boolean | undefined;
  /** What images are made harder by; default nothing. */
  readonly robustness?: readonly PerturbationKind[] | undefined;
  /** Images that alignment and robustness are measured on, drawn at random; default 64, and 0 measures neither. */
  readonly sample?: number | undefined;
  /** Of everything that is drawn at random; default 0. */
  readonly seed?: number | undefined;
}

interface Settings extends CompareOptions {
  readonly rounds: number;
  readonly memory: boolean;
  readonly robustness: readonly PerturbationKind[];
  readonly sample: number;
  readonly seed: number;
}

/**
 * Puts models beside each other on the same images: accuracy, cost, speed, memory, and for every two of them where they
 * agree, where not, and whether that says which is better. Without labels everything that needs none.
 *
 * @throws what `evaluate` throws; BackendError when the models ask for different backends.
 */
export async function compare(
  source: string,
  models: readonly string[],
  options: CompareOptions = {},
): Promise<Comparison> {
  const settings = settingsOf(models, options);
  using panel = await loadPanel(models, options);
  const collection = await collect(source, panel, options);
  const answered = collection.outcomes.filter((outcome) => outcome.status === 'ok');
  if (answered.length === 0) {
    throw new NoImagesError(
      `${source}: expected an image that can be read, got ${collection.outcomes.length} that cannot`,
    );
  }
  const sample = sampleOf(answered, settings);
  const speeds = settings.rounds > 0 ? await measureSpeeds(panel, settings) : undefined;
  const alignments = await measureAlignments(panel, sample, settings);
  const robustness = await measureRobustness(panel, sample, settings);
  const memories = settings.memory ? await measureMemories(models, settings) : undefined;
  const compared = modelsOf(panel, collection, { speeds, memories });
  return {
    version: COMPARISON_VERSION,
    patchlens: packageVersion(),
    data: {
      source,
      images: answered.length,
      labelled: answered.filter(({ label }) => label !== undefined).length,
      convention: collection.convention ?? null,
      classes: classesOf(compared, panel.classes),
      failures: failuresOf(collection),
    },
    machine: {
      processor: cpus()[0]?.model.trim() ?? arch(),
      parallelism: availableParallelism(),
      node: process.versions.node,
    },
    seed: settings.seed,
    models: compared,
    pairs: comparePairs(answered, {
      numModels: models.length,
      classes: panel.classes,
      seed: settings.seed,
      alignments,
    }),
    robustness,
  };
}

function settingsOf(models: readonly string[], options: CompareOptions): Settings {
  const { rounds = 20, memory = true, robustness = [], sample = 64, seed = 0 } = options;
  if (models.length === 0) throw new ArgumentError('compare: expected at least one model, got none');
  for (const [name, value] of Object.entries({ rounds, sample, seed })) checkWhole(name, value, { least: 0 });
  const unknown = robustness.find((kind) => !PERTURBATION_KINDS.includes(kind));
  if (unknown !== undefined) {
    throw new ArgumentError(`robustness: expected some of ${PERTURBATION_KINDS.join(', ')}, got ${unknown}`);
  }
  return { ...options, rounds, memory, robustness, sample, seed };
}

interface Measured {
  readonly speeds: readonly ModelSpeed[] | undefined;
  readonly memories: readonly (ModelMemory | null)[] | undefined;
}

function modelsOf(panel: Panel, collection: Collection, { speeds, memories }: Measured): ComparedModel[] {
  return panel.members.map((member, m) => {
    const { info } = member;
    const { name, architecture, backend, precision, threads, numParameters, preprocessing } = info;
    return {
      name,
      architecture,
      backend,
      precision,
      threads,
      imageSize: preprocessing.imageSize,
      interpolation: preprocessing.interpolation,
      parameters: numParameters,
      weightBytes: numParameters * Float32Array.BYTES_PER_ELEMENT,
      cost: networkCost(member),
      accuracy: accuracyReport(labelledAnswers(collection, m), panel.classes),
      speed: speeds?.[m] ?? null,
      memory: memories?.[m] ?? null,
    };
  });
}

/** Names of the classes that the confusion matrices have numbers of. */
function classesOf(models: readonly ComparedModel[], classes: readonly string[]): Comparison['data']['classes'] {
  const cells = models.flatMap(({ accuracy }) => accuracy?.confusion ?? []);
  const indices = new Set(cells.flatMap(({ label, predicted }) => [label, predicted]));
  return [...indices].toSorted((a, b) => a - b).map((index) => ({ index, label: labelOf(classes, index) }));
}

/** The images that the dearer measurements are made on, in their order. */
function sampleOf(
  answered: readonly Answered[],
  { sample, seed }: Settings,
): { readonly key: number; readonly outcome: Answered }[] {
  const drawn = permutation(answered.length, randomOf(seedOf(seed, 'sample'))).slice(0, sample);
  return drawn.toSorted((a, b) => a - b).map((key) => ({ key, outcome: answered[key]! }));
}

type Sample = ReturnType<typeof sampleOf>;

/** The sample as every model sees it, decoded again: all of it at once would not fit in memory. */
async function* preparedSample(
  panel: Panel,
  sample: Sample,
  { autoOrient = true, signal }: Settings,
): AsyncGenerator<CleanImage> {
  yield* mapAhead(
    sample,
    ALIGNMENT_BATCH,
    async ({ key, outcome }) => ({
      key,
      label: outcome.label,
      clean: outcome.answers.map(({ top }) => top[0]!),
      views: await viewsOf(panel, outcome.path, autoOrient),
    }),
    signal,
  );
}

async function measureSpeeds(panel: Panel, settings: Settings): Promise<ModelSpeed[]> {
  const { rounds, signal, onImage } = settings;
  onImage?.({ stage: 'speed', done: 0, total: 1, resumed: 0 });
  const speeds = await speedsOf(panel, { rounds, batchSize: batchSizeOf(settings), signal });
  onImage?.({ stage: 'speed', done: 1, total: 1, resumed: 0 });
  return speeds;
}

async function measureAlignments(panel: Panel, sample: Sample, settings: Settings): Promise<(Alignment | null)[]> {
  if (panel.members.length < 2 || sample.length === 0) return [];
  const report = counter(settings, 'alignment', sample.length);
  async function* batches() {
    for await (const batch of batched(preparedSample(panel, sample, settings), ALIGNMENT_BATCH)) {
      yield batch.map(({ views }) => views);
      report(batch.length);
    }
  }
  return alignmentsOf(panel, batches());
}

async function measureRobustness(panel: Panel, sample: Sample, settings: Settings): Promise<RobustnessCurves[]> {
  const { robustness: kinds, seed, signal } = settings;
  if (kinds.length === 0 || sample.length === 0) return [];
  const onBatch = counter(settings, 'robustness', sample.length);
  const batches = batched(preparedSample(panel, sample, settings), batchSizeOf(settings));
  return robustnessOf(panel, batches, { kinds, seed, signal, onBatch });
}

async function measureMemories(models: readonly string[], settings: Settings): Promise<(ModelMemory | null)[]> {
  const { backend, precision, threads, imageSize, signal } = settings;
  const report = counter(settings, 'memory', models.length);
  const memories: (ModelMemory | null)[] = [];
  // One after the other, so that they do not fight for the machine.
  for (const model of models) {
    const question = { model, backend, precision, threads, imageSize, batchSize: batchSizeOf(settings) };
    memories.push(await memoryOf(question, signal));
    report(1);
  }
  return memories;
}

function counter(
  { onImage }: Settings,
  stage: 'alignment' | 'robustness' | 'memory',
  total: number,
): (more: number) => void {
  let done = 0;
  onImage?.({ stage, done, total, resumed: 0 });
  return (more) => {
    done += more;
    onImage?.({ stage, done, total, resumed: 0 });
  };
}
