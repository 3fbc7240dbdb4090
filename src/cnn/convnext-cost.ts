import { costOf, normOf, product } from '../metrics/cost.ts';
import type { Cost, CostedStep } from '../metrics/cost.ts';
import type { ConvNeXtConfig } from '../weights/cnn-architecture.ts';
import { convolutionsInto, valuesOf } from './feature-map.ts';
import type { FeatureMap } from './feature-map.ts';

/** What one image costs a ConvNeXt: 4,455,531,264 multiply-adds for ConvNeXt-T at 224 pixels. */
export function convNeXtCost(config: ConvNeXtConfig, image: Omit<FeatureMap, 'channels'>): Cost {
  const { patchSize, kernelSize, stages, numChannels, numClasses } = config;
  const steps: CostedStep[] = [];
  const convolve = convolutionsInto(steps);
  let x: FeatureMap = { ...image, channels: numChannels };
  for (const [i, { depth, width: channels, hiddenDim }] of stages.entries()) {
    if (i === 0) {
      x = convolve(x, { side: patchSize, stride: patchSize, channels, padded: false, norm: 'layerNorm' });
    } else {
      steps.push(normOf('layerNorm', valuesOf(x)));
      x = convolve(x, { side: 2, stride: 2, channels, padded: false });
    }
    for (let j = 0; j < depth; j += 1) {
      convolve(x, { side: kernelSize, channels, depthwise: true, norm: 'layerNorm' });
      steps.push(product(x.height * x.width * hiddenDim, channels), product(valuesOf(x), hiddenDim));
    }
  }
  return costOf([...steps, normOf('layerNorm', x.channels), product(numClasses, x.channels)]);
}
