import type { Tensor, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';

import { add, dispose, maxPool, relu, tidy } from '../tensor/tfjs.ts';
import { forward } from '../nn/network.ts';
import type { Layer } from '../nn/network.ts';
import type { Probe } from '../nn/probe.ts';
import { dims } from '../tensor/dims.ts';
import { ranked } from '../tensor/ranked.ts';
import type { ResNetConfig } from '../weights/cnn-architecture.ts';
import { runWithBatchStatistics } from './conv-norm.ts';
import type { RunConvNorm, RunningStatistics } from './conv-norm.ts';
import { pooledHead } from './head.ts';
import type { ResidualParams, ResNetParams } from './resnet-params.ts';

/**
 * Residual network (He et al. 2016) as a chain of layers from images [B, H, W, C] to logits [B, classes]: `stem`,
 * `stages.i.blocks.j`, `logits`; inside them `stem.convolution`, `….convolutions.j`, `….shortcut` and `pooled`.
 */
export function resNetLayers<Unit>(
  config: ResNetConfig,
  params: ResNetParams<Tensor, Unit>,
  run: RunConvNorm<Unit>,
): Layer[] {
  const blocks = config.stages.flatMap(({ stride }, i) =>
    (params.stages[i]?.blocks ?? []).map((block, j): Layer => {
      const place = { name: `stages.${i}.blocks.${j}`, stride: j === 0 ? stride : 1, config };
      return { name: place.name, apply: (x: Tensor4D, probe) => residualBlock(x, block, { ...place, run, probe }) };
    }),
  );
  return [
    { name: 'stem', apply: (images: Tensor4D, probe) => stem(images, params.stem, { config, run, probe }) },
    ...blocks,
    { name: 'logits', apply: (x: Tensor4D, probe) => pooledHead(x, params.head, probe) },
  ];
}

interface Pass<Unit> {
  readonly config: ResNetConfig;
  readonly run: RunConvNorm<Unit>;
  readonly probe: Probe | undefined;
}

/** [B, H, W, C] → [B, H/4, W/4, width] with the strides of the published networks. */
function stem<Unit>(images: Tensor4D, unit: Unit, { config, run, probe }: Pass<Unit>): Tensor4D {
  dims('ResNet images', images, 'B H W C', { C: config.numChannels });
  const { stride, maxPool: pools } = config.stem;
  return tidy(() => {
    const x = run(images, unit, { name: 'stem', stride, activation: 'relu' });
    probe?.('stem.convolution', x);
    return pools ? maxPool(x, 3, 2, 1) : x;
  });
}

interface BlockPass<Unit> extends Pass<Unit> {
  readonly name: string;
  /** By how much it divides height and width. */
  readonly stride: number;
}

/** relu(F(x) + shortcut(x)) (eqs. 1 and 2): [B, H, W, C] → [B, ⌈H / stride⌉, ⌈W / stride⌉, C′]. */
function residualBlock<Unit>(
  x: Tensor4D,
  { convolutions, shortcut }: ResidualParams<Unit>,
  { name, stride, config, run, probe }: BlockPass<Unit>,
): Tensor4D {
  const downsampling = config.block === 'bottleneck' && config.bottleneckStride === 'middle' ? 1 : 0;
  const [ownStride, poolSize] = config.downsample === 'stride' ? [stride, 1] : [1, stride];
  const pooled = (features: Tensor4D): Tensor4D =>
    poolSize === 1 ? features : maxPool(features, poolSize, poolSize, 'same');
  return tidy(() => {
    const skip = shortcut === undefined ? x : run(pooled(x), shortcut, { name: `${name}.shortcut`, stride: ownStride });
    let branch = x;
    for (const [j, unit] of convolutions.entries()) {
      const place = { name: `${name}.convolutions.${j}`, stride: j === downsampling ? ownStride : 1 };
      const isLast = j === convolutions.length - 1;
      // Where nobody looks in between, the sum and its ReLU go with the last norm.
      if (isLast && probe === undefined) return run(branch, unit, { ...place, activation: 'relu', skip });
      branch = run(branch, unit, { ...place, activation: isLast ? 'linear' : 'relu' });
      probe?.(place.name, branch);
      if (j === downsampling) branch = pooled(branch);
    }
    if (shortcut !== undefined) probe?.(`${name}.shortcut`, skip);
    return relu(add<Tensor4D>(branch, skip));
  });
}

export interface ResNetTraining {
  readonly logits: Tensor2D;
  /** The new running means and variances, by the names of the parameters that they replace. */
  readonly running: RunningStatistics;
}

/** torch's default, with which the published networks were trained. */
const MOMENTUM = 0.1;

/**
 * A pass in training: images [B, H, W, C] → logits, each norm with the statistics of the batch, differentiable with respect
 * to images and parameters. The running statistics are kept, also where this runs inside `grads`: the caller disposes of them.
 */
export function trainResNet(
  config: ResNetConfig,
  params: ResNetParams,
  images: Tensor4D,
  { momentum = MOMENTUM }: { readonly momentum?: number } = {},
): ResNetTraining {
  const running: RunningStatistics = {};
  const run = runWithBatchStatistics({ epsilon: config.epsilon, momentum }, running);
  try {
    return { logits: ranked('ResNet logits', forward(resNetLayers(config, params, run), images), 2), running };
  } catch (error) {
    dispose(running);
    throw error;
  }
}
