import { alignmentsOf, ALIGNMENT_BATCH } from './alignment.ts';
import { memoryOf } from './memory.ts';
import type { Answered } from './pairs.ts';
import { robustnessOf } from './robustness.ts';
import type { CleanImage } from './robustness.ts';
import type { Settings } from './settings.ts';
import { speedsOf } from './speed.ts';
import { viewsOf } from '../evaluate/answers.ts';
import { batchSizeOf } from '../evaluate/collect.ts';
import type { Panel } from '../evaluate/panel.ts';
import { batched, mapAhead } from '../map-ahead.ts';
import { permutation, randomOf, seedOf } from '../../metrics/random.ts';
import type { Alignment, ModelMemory, ModelSpeed, RobustnessCurves } from '../../report/comparison.ts';

/** The images that the dearer measurements are made on, in their order. */
export function sampleOf(
  answered: readonly Answered[],
  { sample, seed }: Settings,
): { readonly key: number; readonly outcome: Answered }[] {
  const drawn = permutation(answered.length, randomOf(seedOf(seed, 'sample'))).slice(0, sample);
  return drawn.toSorted((a, b) => a - b).map((key) => ({ key, outcome: answered[key]! }));
}

export type Sample = ReturnType<typeof sampleOf>;

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

export async function measureSpeeds(panel: Panel, settings: Settings): Promise<ModelSpeed[]> {
  const { rounds, signal, onImage } = settings;
  onImage?.({ stage: 'speed', done: 0, total: 1, resumed: 0 });
  const speeds = await speedsOf(panel, { rounds, batchSize: batchSizeOf(settings), signal });
  onImage?.({ stage: 'speed', done: 1, total: 1, resumed: 0 });
  return speeds;
}

export async function measureAlignments(
  panel: Panel,
  sample: Sample,
  settings: Settings,
): Promise<(Alignment | null)[]> {
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

export async function measureRobustness(panel: Panel, sample: Sample, settings: Settings): Promise<RobustnessCurves[]> {
  const { robustness: kinds, seed, signal } = settings;
  if (kinds.length === 0 || sample.length === 0) return [];
  const onBatch = counter(settings, 'robustness', sample.length);
  const batches = batched(preparedSample(panel, sample, settings), batchSizeOf(settings));
  return robustnessOf(panel, batches, { kinds, seed, signal, onBatch });
}

export async function measureMemories(models: readonly string[], settings: Settings): Promise<(ModelMemory | null)[]> {
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
