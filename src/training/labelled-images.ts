import { ArgumentError } from '../errors.ts';
import type { RgbImage } from '../image/rgb-image.ts';
import { permutation } from '../metrics/random.ts';
import { randomOf, STREAM } from './random.ts';

/** Image files with the index of the class of each. */
export interface LabelledImages {
  readonly classes: readonly string[];
  readonly paths: readonly string[];
  /** One for each path. */
  readonly labels: readonly number[];
}

/** Where images come from, by their index: memory, or files that are decoded when they are asked for. */
export interface ImageSource {
  readonly length: number;
  imageAt(index: number): RgbImage | Promise<RgbImage>;
}

/**
 * A random part of each class, of at least one image; the parts of growing shares contain each other, as a study of the
 * effect of more data needs them.
 *
 * @param share above 0, at most 1.
 * @throws ArgumentError for another share.
 */
export function subsetOf({ classes, paths, labels }: LabelledImages, share: number, seed: number): LabelledImages {
  if (!(share > 0 && share <= 1)) {
    throw new ArgumentError(`share: expected a number above 0 and at most 1, got ${share}`);
  }
  if (share === 1) return { classes, paths, labels };
  const chosen = classes.flatMap((_, label) => {
    const members = [...labels.keys()].filter((i) => labels[i] === label);
    const order = permutation(members.length, randomOf(seed, STREAM.subset, label));
    const count = Math.max(1, Math.round(share * members.length));
    return order
      .slice(0, count)
      .map((i) => members[i]!)
      .toSorted((a, b) => a - b);
  });
  return { classes, paths: chosen.map((i) => paths[i]!), labels: chosen.map((i) => labels[i]!) };
}
