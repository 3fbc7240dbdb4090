import { costOf, product } from '../metrics/cost.ts';
import type { Cost, CostedStep } from '../metrics/cost.ts';
import type { ResNetConfig, ResNetStage } from '../weights/cnn-architecture.ts';
import { convolutionsInto } from './feature-map.ts';
import type { ConvolutionSizes, FeatureMap } from './feature-map.ts';

/** What one image costs a ResNet, its batch norms counted as such: 4,089,184,256 multiply-adds for ResNet-50 at 224 pixels. */
export function resNetCost(config: ResNetConfig, image: Omit<FeatureMap, 'channels'>): Cost {
  const { stem, stages, numChannels, numClasses } = config;
  const steps: CostedStep[] = [];
  const convolve = convolutionsInto(steps);
  const unit = (input: FeatureMap, sizes: ConvolutionSizes): FeatureMap =>
    convolve(input, { ...sizes, norm: 'batchNorm' });
  const { kernelSize: side, stride, width: channels } = stem;
  let x = unit({ ...image, channels: numChannels }, { side, stride, channels });
  if (stem.maxPool) x = { ...x, height: Math.ceil(x.height / 2), width: Math.ceil(x.width / 2) };
  for (const stage of stages) {
    for (let i = 0; i < stage.depth; i += 1) {
      const shape = { ...stage, stride: i === 0 ? stage.stride : 1 };
      if (shape.stride !== 1 || x.channels !== stage.outWidth) {
        unit(x, { side: 1, stride: shape.stride, channels: stage.outWidth }); // the shortcut
      }
      x = branch(config, shape).reduce(unit, x);
    }
  }
  return costOf([...steps, product(numClasses, x.channels)]);
}

/** The convolutions of a residual branch, in order. */
function branch(
  { block, bottleneckStride }: ResNetConfig,
  { width, outWidth, stride }: ResNetStage,
): readonly ConvolutionSizes[] {
  if (block === 'basic') {
    return [
      { side: 3, channels: width, stride },
      { side: 3, channels: outWidth },
    ];
  }
  const [first, middle] = bottleneckStride === 'middle' ? [1, stride] : [stride, 1];
  return [
    { side: 1, channels: width, stride: first },
    { side: 3, channels: width, stride: middle },
    { side: 1, channels: outWidth },
  ];
}
