import type { Rank, Tensor2D, Tensor3D, Tensor4D } from '@tensorflow/tfjs-core';

import { add, mean, mul, reshape, tidy } from '../tensor/tfjs.ts';
import { convolve } from '../nn/convolution.ts';
import { project } from '../nn/linear.ts';
import type { Layer } from '../nn/network.ts';
import { norm } from '../nn/norm.ts';
import type { Probe } from '../nn/probe.ts';
import { dims } from '../tensor/dims.ts';
import type { ConvNeXtConfig } from '../weights/cnn-architecture.ts';
import type { ConvNeXtBlockParams, ConvNeXtParams, ConvNeXtStageParams } from './convnext-params.ts';

/**
 * ConvNeXt (Liu et al. 2022, figure 4) as a chain of layers from images [B, H, W, C] to logits [B, classes]: `stem`,
 * `stages.i.downsample` from the second stage on, `stages.i.blocks.j`, `logits`; inside them `….depthwise`, `….norm` and `pooled`.
 */
export function convNeXtLayers(config: ConvNeXtConfig, params: ConvNeXtParams): Layer[] {
  const stages = params.stages.flatMap((stage, i) => stageLayers(`stages.${i}`, stage, config));
  return [
    { name: 'stem', apply: (images: Tensor4D) => stem(images, params.stem, config) },
    ...stages,
    { name: 'logits', apply: (x: Tensor4D, probe) => head(x, params, config.epsilon, probe) },
  ];
}

function stageLayers(name: string, { downsample, blocks }: ConvNeXtStageParams, { epsilon }: ConvNeXtConfig): Layer[] {
  const layers = blocks.map((block, j): Layer => {
    const place = `${name}.blocks.${j}`;
    return { name: place, apply: (x: Tensor4D, probe) => convNeXtBlock(x, block, { name: place, epsilon, probe }) };
  });
  if (downsample === undefined) return layers;
  const halve = (x: Tensor4D): Tensor4D =>
    tidy(() => convolve(norm(x, downsample.norm, epsilon), downsample.convolution, { stride: 2, padding: 'none' }));
  return [{ name: `${name}.downsample`, apply: halve }, ...layers];
}

/** [B, H, W, C] → [B, ⌊H / P⌋, ⌊W / P⌋, width]. */
function stem(images: Tensor4D, params: ConvNeXtParams['stem'], config: ConvNeXtConfig): Tensor4D {
  const { numChannels, patchSize, epsilon } = config;
  dims('ConvNeXt images', images, 'B H W C', { C: numChannels });
  return tidy(() =>
    norm(convolve(images, params.convolution, { stride: patchSize, padding: 'none' }), params.norm, epsilon),
  );
}

interface BlockOptions {
  readonly name: string;
  readonly epsilon: number;
  readonly probe: Probe | undefined;
}

/** x + γ ⊙ mlp(norm(depthwise(x))): [B, h, w, C] → the same. */
function convNeXtBlock(x: Tensor4D, params: ConvNeXtBlockParams, { name, epsilon, probe }: BlockOptions): Tensor4D {
  const [B, h, w, C] = x.shape;
  return tidy(() => {
    const filtered = convolve(x, params.depthwise, { depthwise: true });
    probe?.(`${name}.depthwise`, filtered);
    const normed = norm(filtered, params.norm, epsilon);
    probe?.(`${name}.norm`, normed);
    const positions: Tensor3D = reshape<Rank.R3>(normed, [B, h * w, C]);
    const residual = reshape<Rank.R3>(x, [B, h * w, C]);
    const hidden = project(positions, params.hidden, { activation: 'gelu' });
    return reshape<Rank.R4>(branchOnto(residual, hidden, params), [B, h, w, C]);
  });
}

function branchOnto(residual: Tensor3D, hidden: Tensor3D, { output, scale }: ConvNeXtBlockParams): Tensor3D {
  if (scale === undefined) return project(hidden, output, { residual });
  return add<Tensor3D>(residual, mul(project(hidden, output), scale));
}

/** The mean of all positions, a norm, a linear layer: [B, h, w, C] → [B, classes]. Probes `pooled`. */
function head(x: Tensor4D, params: ConvNeXtParams, epsilon: number, probe: Probe | undefined): Tensor2D {
  return tidy(() => {
    const pooled: Tensor2D = mean(x, [1, 2]);
    probe?.('pooled', pooled);
    return project(norm(pooled, params.norm, epsilon), params.head);
  });
}
