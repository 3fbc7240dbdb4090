import { softmax } from '../tensor/tfjs.ts';
import { WeightsError } from '../errors.ts';
import type { LoadedNetwork } from './load/load.ts';

/**
 * One forward pass over images as `preprocess` gives them, [H, W, C] each: for each its probabilities [classes].
 *
 * @param between called between layers; what it throws ends the pass.
 * @throws WeightsError for weights that are damaged in their values: an answer of NaN would look like one.
 */
export async function probabilitiesOf(
  loaded: Pick<LoadedNetwork, 'network' | 'logitsOf' | 'info'>,
  images: readonly Float32Array[],
  between: () => void,
): Promise<Float32Array[]> {
  const values = await valuesOf(loaded, images, between);
  if (!values.every(Number.isFinite)) {
    throw new WeightsError(
      `model ${loaded.info.name}: expected finite probabilities, got NaN. Are the weights damaged?`,
    );
  }
  const numClasses = values.length / images.length;
  return images.map((_, i) => values.subarray(i * numClasses, (i + 1) * numClasses));
}

async function valuesOf(
  { network, logitsOf }: Pick<LoadedNetwork, 'network' | 'logitsOf'>,
  images: readonly Float32Array[],
  between: () => void,
): Promise<Float32Array> {
  const input = network.inputOf(images);
  const logits = await logitsOf(input, between).finally(() => input.dispose());
  const probabilities = softmax(logits);
  logits.dispose();
  return probabilities.data<'float32'>().finally(() => probabilities.dispose());
}
