import type { ResampleKernel } from '../image/resample.ts';
import type { InputForm } from './batch.ts';
import { inputLength, prepareInto } from './batch.ts';
import { logitsOf } from './gradients.ts';
import type { Values } from './gradients.ts';
import type { ImageSource } from './labelled-images.ts';
import type { Trainable } from './trainable.ts';

export interface Examination {
  readonly images: number;
  /** Share of images whose likeliest class is theirs, 0…1. */
  readonly top1: number;
  /** Mean cross-entropy. */
  readonly loss: number;
}

const BATCH_SIZE = 100;

/** How well parameters do on labelled images that are prepared as at inference. */
export async function examine(
  network: Trainable,
  values: Values,
  images: {
    readonly source: ImageSource;
    readonly labels: readonly number[];
    readonly form: InputForm;
    readonly kernel?: ResampleKernel | undefined;
  },
  signal?: AbortSignal,
): Promise<Examination> {
  const { source, labels, form, kernel } = images;
  const length = inputLength(form);
  let correct = 0;
  let loss = 0;
  for (let start = 0; start < source.length; start += BATCH_SIZE) {
    signal?.throwIfAborted();
    const size = Math.min(BATCH_SIZE, source.length - start);
    const out = new Float32Array(size * length);
    const decoded = await Promise.all(Array.from({ length: size }, async (_, i) => source.imageAt(start + i)));
    for (const [i, image] of decoded.entries()) prepareInto(image, form, { out, offset: i * length, kernel });
    const logits = await logitsOf(network, values, out, size);
    for (let i = 0; i < size; i += 1) {
      const row = logits.subarray((i * logits.length) / size, ((i + 1) * logits.length) / size);
      const label = labels[start + i]!;
      const highest = row.reduce((a, b) => Math.max(a, b));
      if (row[label] === highest) correct += 1;
      loss += highest - row[label]! + Math.log(row.reduce((sum, logit) => sum + Math.exp(logit - highest), 0));
    }
  }
  return { images: source.length, top1: correct / source.length, loss: loss / source.length };
}
