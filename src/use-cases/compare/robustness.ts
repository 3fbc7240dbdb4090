import type { Panel } from '../evaluate/panel.ts';
import { panelProbabilities } from '../evaluate/panel.ts';
import { levelsOf, perturb } from '../../image/perturb.ts';
import type { PerturbationKind } from '../../image/perturb.ts';
import { randomOf, seedOf } from '../../metrics/random.ts';
import { topK } from '../../metrics/top-k.ts';
import type { RobustnessCurves } from '../../report/comparison.ts';

/** An image as every model sees it, and what each said of it as it is. */
export interface CleanImage {
  /** Tells it apart from the others, on every machine alike. */
  readonly key: number;
  readonly label: number | undefined;
  /** The likeliest class, by model. */
  readonly clean: readonly number[];
  readonly views: readonly Float32Array[];
}

export interface RobustnessOptions {
  readonly kinds: readonly PerturbationKind[];
  readonly seed: number;
  readonly signal?: AbortSignal | undefined;
  /** Called after each batch with the number of images that each level was asked about. */
  readonly onBatch?: ((images: number) => void) | undefined;
}

/** How often models stay right, or at least with their answer, as images are made harder. Every model gets the same images, harmed alike. */
export async function robustnessOf(
  panel: Panel,
  batches: AsyncIterable<readonly CleanImage[]>,
  options: RobustnessOptions,
): Promise<RobustnessCurves[]> {
  const { kinds, signal, onBatch } = options;
  const tallies = kinds.map((kind) => ({
    kind,
    perLevel: levelsOf(kind).levels.map(() => panel.members.map(emptyTally)),
  }));
  const clean = panel.members.map(emptyTally);
  for await (const batch of batches) {
    for (const { label, clean: answers } of batch) count(clean, { label, clean: answers, now: answers });
    for (const { kind, perLevel } of tallies) {
      for (const [i, level] of levelsOf(kind).levels.entries()) {
        signal?.throwIfAborted();
        const now = await answersTo(panel, batch, { kind, level, ...options });
        for (const [b, { label, clean: before }] of batch.entries())
          count(perLevel[i]!, { label, clean: before, now: now.map((answers) => answers[b]!) });
      }
    }
    onBatch?.(batch.length);
  }
  return tallies.map(({ kind, perLevel }) => curvesOf(kind, clean, perLevel));
}

interface Tally {
  images: number;
  labelled: number;
  right: number;
  unchanged: number;
}

function emptyTally(): Tally {
  return { images: 0, labelled: 0, right: 0, unchanged: 0 };
}

interface Answered {
  readonly label: number | undefined;
  /** By model, of the image as it is and as it is now. */
  readonly clean: readonly number[];
  readonly now: readonly number[];
}

function count(tallies: readonly Tally[], { label, clean, now }: Answered): void {
  for (const [m, tally] of tallies.entries()) {
    tally.images += 1;
    tally.labelled += Number(label !== undefined);
    tally.right += Number(label !== undefined && now[m] === label);
    tally.unchanged += Number(now[m] === clean[m]);
  }
}

interface Harm {
  readonly kind: PerturbationKind;
  readonly level: number;
  readonly seed: number;
  readonly signal?: AbortSignal | undefined;
}

/** The likeliest class of each image of a batch, by model. */
async function answersTo({ members }: Panel, batch: readonly CleanImage[], harm: Harm): Promise<number[][]> {
  const answers: number[][] = [];
  const { kind, level, seed, signal } = harm;
  for (const [m, member] of members.entries()) {
    const harder = batch.map(({ views, key }) => {
      // Not of the level: what a mild one drops, a harsh one drops too.
      const random = randomOf(seedOf(seed, kind, key));
      return perturb(views[m]!, member.info.preprocessing, { kind, level, random });
    });
    const rows = await panelProbabilities(member, await Promise.all(harder), signal);
    answers.push(rows.map((row) => topK(row, 1)[0]!));
  }
  return answers;
}

function curvesOf(
  kind: PerturbationKind,
  clean: readonly Tally[],
  perLevel: readonly (readonly Tally[])[],
): RobustnessCurves {
  const { unit, levels } = levelsOf(kind);
  const models = clean.map((before, m) => {
    const after = perLevel.map((tallies) => tallies[m]!);
    const isLabelled = before.labelled > 0;
    return {
      cleanAccuracy: isLabelled ? before.right / before.labelled : null,
      accuracy: isLabelled ? after.map(({ right, labelled }) => right / labelled) : null,
      unchanged: after.map(({ unchanged, images }) => unchanged / images),
    };
  });
  return { kind, unit, levels, images: clean[0]?.images ?? 0, models };
}
