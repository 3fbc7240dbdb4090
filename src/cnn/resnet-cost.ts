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
  const pooledUnit = (input: FeatureMap, { poolSize = 1, ...sizes }: PooledSizes): FeatureMap =>
    pooled(unit(input, sizes), poolSize);
  const { kernelSize: side, stride, width: channels } = stem;
  let x = unit({ ...image, channels: numChannels }, { side, stride, channels });
  if (stem.maxPool) x = pooled(x, 2);
  for (const stage of stages) {
    for (let i = 0; i < stage.depth; i += 1) {
      const shape = { ...stage, stride: i === 0 ? stage.stride : 1 };
      if (shape.stride !== 1 || x.channels !== stage.outWidth) {
        // The shortcut, which costs the same whether it strides or its input is pooled.
        unit(x, { side: 1, stride: shape.stride, channels: stage.outWidth });
      }
      x = branch(config, shape).reduce(pooledUnit, x);
    }
  }
  return costOf([...steps, product(numClasses, x.channels)]);
}

interface PooledSizes extends ConvolutionSizes {
  /** Side of the pool that follows. */
  readonly poolSize?: number;
}

function pooled({ height, width, channels }: FeatureMap, side: number): FeatureMap {
  return { height: Math.ceil(height / side), width: Math.ceil(width / side), channels };
}

/** The convolutions of a residual branch, in order. */
function branch(
  { block, bottleneckStride, downsample }: ResNetConfig,
  { width, outWidth, stride }: ResNetStage,
): readonly PooledSizes[] {
  const downsampling = downsample === 'stride' ? { stride } : { poolSize: stride };
  if (block === 'basic') {
    return [
      { side: 3, channels: width, ...downsampling },
      { side: 3, channels: outWidth },
    ];
  }
  const [first, middle] = bottleneckStride === 'middle' ? [{}, downsampling] : [downsampling, {}];
  return [
    { side: 1, channels: width, ...first },
    { side: 3, channels: width, ...middle },
    { side: 1, channels: outWidth },
  ];
}
