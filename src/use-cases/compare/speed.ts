import { performance } from 'node:perf_hooks';

import { panelProbabilities } from '../evaluate/panel.ts';
import type { Panel, PanelMember } from '../evaluate/panel.ts';
import { spreadOf } from '../../metrics/quantiles.ts';
import type { ModelSpeed } from '../../report/comparison.ts';

export interface SpeedOptions {
  /** How often each model is timed. */
  readonly rounds: number;
  readonly batchSize: number;
  readonly signal?: AbortSignal | undefined;
}

/** Runs that are not timed: they make the kernels' copies of the weights, and let the machine compile. */
const WARM_UP = 2;

/**
 * How fast each model of a panel answers, from prepared pixels to probabilities. Every round times every model once, each
 * round in the opposite order, so that a noisy machine favours none.
 */
export async function speedsOf(panel: Panel, { rounds, batchSize, signal }: SpeedOptions): Promise<ModelSpeed[]> {
  const single = await timesOf(panel, { rounds, batchSize: 1, signal });
  const many = batchSize === 1 ? single : await timesOf(panel, { rounds, batchSize, signal });
  return panel.members.map((_, m) => {
    const [latency, batch] = [spreadOf(single[m]!)!, spreadOf(many[m]!)!];
    return { latency, batchSize, throughput: (1000 * batchSize) / batch.median, rounds };
  });
}

/** Milliseconds of every pass, by model. */
async function timesOf({ members }: Panel, { rounds, batchSize, signal }: SpeedOptions): Promise<number[][]> {
  const images = members.map((member) => Array.from({ length: batchSize }, () => blankFor(member)));
  const times = members.map((): number[] => []);
  for (let round = -WARM_UP; round < rounds; round += 1) {
    const order = round % 2 === 0 ? [...members.keys()] : [...members.keys()].toReversed();
    for (const m of order) {
      const start = performance.now();
      await panelProbabilities(members[m]!, images[m]!, signal);
      if (round >= 0) times[m]!.push(performance.now() - start);
    }
  }
  return times;
}

/** Arithmetic takes the same time whatever the picture shows; the mean of all pictures is as good as any. */
export function blankFor({ info }: Pick<PanelMember, 'info'>): Float32Array {
  const { height, width } = info.preprocessing.imageSize;
  return new Float32Array(height * width * 3);
}
