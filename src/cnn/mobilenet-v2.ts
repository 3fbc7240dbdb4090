import { tidy } from '@tensorflow/tfjs-core';
import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';

import type { Layer } from '../nn/network.ts';
import type { Probe } from '../nn/probe.ts';
import { dims } from '../tensor/dims.ts';
import type { InvertedResidual, MobileNetV2Config } from '../weights/cnn-architecture.ts';
import type { ConvNormOptions, RunConvNorm } from './conv-norm.ts';
import { pooledHead } from './head.ts';
import type { InvertedResidualParams, MobileNetV2Params } from './mobilenet-v2-params.ts';

/**
 * MobileNetV2 (Sandler et al. 2018, table 2) as a chain of layers from images [B, H, W, C] to logits [B, classes]: `stem`,
 * `blocks.i`, `last`, `logits`; inside them `blocks.i.expand`, `blocks.i.depthwise` and `pooled`.
 */
export function mobileNetV2Layers<Unit>(
  config: MobileNetV2Config,
  params: MobileNetV2Params<Tensor, Unit>,
  run: RunConvNorm<Unit>,
): Layer[] {
  const { padding, numChannels } = config;
  const padded: RunConvNorm<Unit> = (x, unit, options) => run(x, unit, { ...options, padding });
  const blocks = config.blocks.flatMap((shape, i): Layer[] => {
    const block = params.blocks[i];
    const name = `blocks.${i}`;
    if (block === undefined) return [];
    return [
      { name, apply: (x: Tensor4D, probe) => invertedResidual(x, block, { ...shape, name, run: padded, probe }) },
    ];
  });
  const alone = (name: string, unit: Unit, stride: number): Layer => ({
    name,
    apply: (x: Tensor4D) => padded(x, unit, { name, stride, activation: 'relu6' }),
  });
  const stem = alone('stem', params.stem, 2);
  return [
    {
      ...stem,
      apply: (images) => {
        dims('MobileNetV2 images', images, 'B H W C', { C: numChannels });
        return stem.apply(images);
      },
    },
    ...blocks,
    alone('last', params.last, 1),
    { name: 'logits', apply: (x: Tensor4D, probe) => pooledHead(x, params.head, probe) },
  ];
}

interface BlockPass<Unit> extends InvertedResidual {
  readonly name: string;
  readonly run: RunConvNorm<Unit>;
  readonly probe: Probe | undefined;
}

/** Expansion, depthwise convolution, projection (figure 3b): [B, H, W, C] → [B, ⌈H / stride⌉, ⌈W / stride⌉, width]. */
function invertedResidual<Unit>(
  x: Tensor4D,
  { expand, depthwise, project }: InvertedResidualParams<Unit>,
  { name, stride, residual, run, probe }: BlockPass<Unit>,
): Tensor4D {
  const step = (input: Tensor4D, unit: Unit, part: string, options: Omit<ConvNormOptions, 'name'>): Tensor4D => {
    const output = run(input, unit, { ...options, name: `${name}.${part}` });
    probe?.(`${name}.${part}`, output);
    return output;
  };
  return tidy(() => {
    const wide = expand === undefined ? x : step(x, expand, 'expand', { activation: 'relu6' });
    const filtered = step(wide, depthwise, 'depthwise', { stride, depthwise: true, activation: 'relu6' });
    return run(filtered, project, { name: `${name}.project`, skip: residual ? x : undefined });
  });
}
