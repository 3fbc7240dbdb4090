import { costOf, product } from '../metrics/cost.ts';
import type { Cost, CostedStep } from '../metrics/cost.ts';
import type { MobileNetV2Config } from '../weights/cnn-architecture.ts';
import { convolutionsInto } from './feature-map.ts';
import type { ConvolutionSizes, FeatureMap } from './feature-map.ts';

/** What one image costs a MobileNetV2, its batch norms counted as such: 300,774,272 multiply-adds at 224 pixels. */
export function mobileNetV2Cost(config: MobileNetV2Config, image: Omit<FeatureMap, 'channels'>): Cost {
  const { stemWidth, blocks, lastWidth, numChannels, numClasses } = config;
  const steps: CostedStep[] = [];
  const convolve = convolutionsInto(steps);
  const unit = (input: FeatureMap, sizes: ConvolutionSizes): FeatureMap =>
    convolve(input, { ...sizes, norm: 'batchNorm' });
  let x = unit({ ...image, channels: numChannels }, { side: 3, stride: 2, channels: stemWidth });
  for (const { hidden, width, stride, expands } of blocks) {
    if (expands) x = unit(x, { side: 1, channels: hidden });
    x = unit(x, { side: 3, stride, channels: hidden, depthwise: true });
    x = unit(x, { side: 1, channels: width });
  }
  x = unit(x, { side: 1, channels: lastWidth });
  return costOf([...steps, product(numClasses, x.channels)]);
}
