import { ConfigError } from '../../errors.ts';
import { shapeOf } from '../arrays.ts';
import type { NamedArrays } from '../arrays.ts';
import type { InvertedResidual, MobileNetV2Config } from '../cnn-architecture.ts';
import type { ConvNetNames } from './conv-norm-names.ts';

/** What the tensors do not show. */
export interface MobileNetV2Unseen {
  readonly padding: MobileNetV2Config['padding'];
  readonly epsilon: number;
  /** Of each block; those of the paper when absent. */
  readonly strides?: readonly number[];
  /** Whether the first block adds its input where it could; transformers' does not. */
  readonly firstResidual?: boolean;
}

/** Table 2 of the paper, block by block. */
const STRIDES = [1, 2, 1, 2, 1, 1, 2, 1, 1, 1, 1, 1, 1, 2, 1, 1, 1];

/** Reads a MobileNetV2's shape off its tensors. @throws WeightsError, ConfigError when they are those of none. */
export function mobileNetV2Shape(
  arrays: NamedArrays,
  where: string,
  { unit, head }: ConvNetNames,
  { padding, epsilon, strides = STRIDES, firstResidual = true }: MobileNetV2Unseen,
): MobileNetV2Config {
  const has = (name: string): boolean => arrays.has(`${unit(name).convolution}.weight`);
  const kernel = (name: string): readonly number[] => shapeOf(arrays, `${unit(name).convolution}.weight`, 4, where);
  const [stemWidth = 0, numChannels = 0] = kernel('stem');
  const [lastWidth = 0] = kernel('last');
  const [numClasses = 0] = shapeOf(arrays, `${head}.weight`, 2, where);
  const blocks: InvertedResidual[] = [];
  let from = stemWidth;
  for (let i = 0; has(`blocks.${i}.depthwise`); i += 1) {
    const [hidden = 0] = kernel(`blocks.${i}.depthwise`);
    const [width = 0] = kernel(`blocks.${i}.project`);
    const stride = strides[i] ?? 1;
    const residual = stride === 1 && from === width && (i > 0 || firstResidual);
    blocks.push({ hidden, width, stride, expands: has(`blocks.${i}.expand`), residual });
    from = width;
  }
  if (blocks.length !== strides.length) {
    throw new ConfigError(`${where}: expected a MobileNetV2 of ${strides.length} blocks, got ${blocks.length}`);
  }
  return { kind: 'mobilenet-v2', numChannels, numClasses, stemWidth, blocks, lastWidth, padding, epsilon };
}
