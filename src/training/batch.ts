import { patchify } from '../image/patches.ts';
import { preprocess } from '../image/preprocess.ts';
import type { PreprocessOptions } from '../image/preprocess.ts';
import type { ResampleKernel } from '../image/resample.ts';
import type { RgbImage } from '../image/rgb-image.ts';
import { permutation } from '../metrics/random.ts';
import type { Preprocessing } from '../weights/preprocessing.ts';
import { augmented } from './augmentation.ts';
import type { Augmentation } from './augmentation.ts';
import type { ImageSource } from './labelled-images.ts';
import { mixed } from './mixing.ts';
import type { Mixing } from './mixing.ts';
import { randomOf, STREAM } from './random.ts';

/** How a network takes a prepared image: as rows of flattened patches, or as pixels [H, W, 3]. */
export type InputLayout = { readonly kind: 'patches'; readonly patchSize: number } | { readonly kind: 'pixels' };

export interface InputForm {
  readonly preprocessing: Preprocessing;
  readonly layout: InputLayout;
}

/** All that says what the batches of a run are. Plain data: it goes to another thread as it is. */
export interface BatchPlan {
  readonly seed: number;
  readonly batchSize: number;
  readonly labels: readonly number[];
  readonly numClasses: number;
  readonly labelSmoothing: number;
  readonly augmentation: Augmentation;
  readonly mixing: Mixing;
  /** What the network takes, and after it what its teacher takes, if it has one. */
  readonly forms: readonly InputForm[];
}

export interface Batch {
  readonly batchSize: number;
  readonly numClasses: number;
  /** For each form of the plan the images as that network takes them, one after the other. */
  readonly inputs: readonly Float32Array[];
  /** A row of probabilities for each image [B, classes]. */
  readonly targets: Float32Array;
}

/**
 * Makes the batches of a run, each from its number alone: the images go round epoch by epoch, every epoch in an order of
 * its own, and a batch may take the end of one epoch and the beginning of the next.
 *
 * @param kernel resamples faster than plain TypeScript; the batches are the same.
 */
export function batchMaker(
  plan: BatchPlan,
  source: ImageSource,
  kernel?: ResampleKernel,
): (index: number) => Promise<Batch> {
  const { seed, batchSize } = plan;
  const orderOf = lastOnly((epoch) => permutation(source.length, randomOf(seed, STREAM.order, epoch)));
  return async (index) => {
    const chosen = Array.from({ length: batchSize }, (_, i) => {
      const position = index * batchSize + i;
      const epoch = Math.floor(position / source.length);
      return { epoch, image: orderOf(epoch)[position % source.length]! };
    });
    const originals = await Promise.all(chosen.map(async ({ image }) => source.imageAt(image)));
    const images = chosen.map(({ epoch, image }, i) =>
      augmented(originals[i]!, plan.augmentation, randomOf(seed, STREAM.augment, epoch, image), kernel),
    );
    const targets = chosen.map(({ image }) => targetOf(plan, plan.labels[image]!));
    const blended = mixed(images, targets, plan.mixing, randomOf(seed, STREAM.mix, index));
    return assembled(plan, blended, targets, kernel);
  };
}

/** One image prepared exactly as at inference. */
export function prepareInto(
  image: RgbImage,
  { preprocessing, layout }: InputForm,
  place: Required<PreprocessOptions>,
): void {
  const { out, offset, kernel } = place;
  if (layout.kind === 'pixels') preprocess(image, preprocessing, place);
  else patchify(preprocess(image, preprocessing, { kernel }), layout.patchSize, out, offset);
}

/** Values of one prepared image. */
export function inputLength({ preprocessing: { imageSize } }: InputForm): number {
  return imageSize.height * imageSize.width * 3;
}

function assembled(
  plan: BatchPlan,
  images: readonly RgbImage[],
  targets: readonly Float32Array[],
  kernel: ResampleKernel | undefined,
): Batch {
  const inputs = plan.forms.map((form) => {
    const length = inputLength(form);
    const out = new Float32Array(images.length * length);
    for (const [i, image] of images.entries()) prepareInto(image, form, { out, offset: i * length, kernel });
    return out;
  });
  const rows = new Float32Array(targets.length * plan.numClasses);
  for (const [i, row] of targets.entries()) rows.set(row, i * plan.numClasses);
  return { batchSize: images.length, numClasses: plan.numClasses, inputs, targets: rows };
}

/** The label's own probability, and the rest of the smoothing shared by all (Szegedy et al. 2016). */
function targetOf({ numClasses, labelSmoothing }: BatchPlan, label: number): Float32Array {
  const row = new Float32Array(numClasses).fill(labelSmoothing / numClasses);
  row[label]! += 1 - labelSmoothing;
  return row;
}

/** Keeps the last two results, by their argument: neighbours are asked for in turn. */
function lastOnly<T>(of: (key: number) => T): (key: number) => T {
  const known = new Map<number, T>();
  return (key) => {
    const found = known.get(key) ?? of(key);
    for (const old of known.keys()) if (Math.abs(old - key) > 1) known.delete(old);
    known.set(key, found);
    return found;
  };
}
