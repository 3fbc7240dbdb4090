import { dispose } from '@tensorflow/tfjs-core';

import type { LoadedNetwork } from './load.ts';
import { costOf, normOf, product } from '../../metrics/cost.ts';
import type { Cost, CostedStep } from '../../metrics/cost.ts';
import { forward } from '../../nn/network.ts';
import { traceKernels } from '../../tensor/trace.ts';
import type { TracedKernel } from '../../tensor/trace.ts';
import type { ViTConfig } from '../../weights/architecture.ts';

/**
 * What one image costs a network, counted from the kernels that run for it: exact, and alike for every architecture and
 * backend. Batch norms that were folded into their convolutions when the network was loaded count as norms.
 */
export function networkCost({ network, info }: Pick<LoadedNetwork, 'network' | 'info'>): Cost {
  const { height, width } = info.preprocessing.imageSize;
  const input = network.inputOf([new Float32Array(height * width * 3)]);
  try {
    const { steps, kernels } = stepsOf(() => dispose(forward(network.layers, input)));
    return costOf([...steps, ...normsThatDoNotRun(info.config, kernels)]);
  } finally {
    input.dispose();
  }
}

/** What runs when `run` is called, as steps that cost something. */
export function stepsOf(run: () => void): { readonly steps: CostedStep[]; readonly kernels: readonly TracedKernel[] } {
  const kernels = traceKernels(run, (name) => name in STEPS);
  return { kernels, steps: kernels.flatMap((kernel) => STEPS[kernel.name]?.(kernel) ?? []) };
}

type StepsOf = (kernel: TracedKernel) => CostedStep[];

const convolution: StepsOf = ({ inputs, outputs }) => {
  const [rows = 0, columns = 0, channels = 0] = inputs['filter'] ?? [];
  return [product(sizeOf(outputs[0]), rows * columns * channels)];
};

const depthwise: StepsOf = ({ inputs, outputs }) => {
  const [rows = 0, columns = 0] = inputs['filter'] ?? [];
  return [product(sizeOf(outputs[0]), rows * columns)];
};

const matMul: StepsOf = ({ inputs, attrs, outputs }) => {
  const inner = inputs['a']?.at(attrs['transposeA'] === true ? -2 : -1) ?? 0;
  return [product(sizeOf(outputs[0]), inner)];
};

const STEPS: Readonly<Record<string, StepsOf>> = {
  Conv2D: convolution,
  FusedConv2D: convolution,
  DepthwiseConv2dNative: depthwise,
  FusedDepthwiseConv2D: depthwise,
  BatchMatMul: matMul,
  _FusedMatMul: matMul,
  FusedBatchNorm: ({ outputs }) => [normOf('batchNorm', sizeOf(outputs[0]))],
  PatchlensLinear: ({ inputs, outputs }) => [product(sizeOf(outputs[0]), inputs['1']?.[0] ?? 0)],
  PatchlensLayerNorm: ({ outputs }) => [normOf('layerNorm', sizeOf(outputs[0]))],
  PatchlensAttention: ({ inputs, attrs, outputs }) => {
    const [B = 0, Nq = 0, D = 0] = inputs['0'] ?? [];
    const Nk = inputs['1']?.[1] ?? 0;
    const numHeads = Number(attrs['numHeads']);
    return [product(B * numHeads * Nq * Nk, D / numHeads), product(sizeOf(outputs[0]), Nk)];
  },
};

function sizeOf(shape: readonly number[] | undefined): number {
  return shape?.reduce((size, side) => size * side, 1) ?? 0;
}

/** Norms that the published network has and this one saves: what is exact of a network should not depend on who runs it. */
function normsThatDoNotRun(config: LoadedNetwork['info']['config'], kernels: readonly TracedKernel[]): CostedStep[] {
  switch (config.kind) {
    case 'vit':
      return normsOfUnreadTokens(config, kernels);
    case 'resnet':
    case 'mobilenet-v2':
      // Every convolution had a batch norm, which was folded into it when the network was loaded.
      return kernels
        .filter(({ name }) => CONVOLUTIONS.has(name))
        .map(({ outputs }) => normOf('batchNorm', sizeOf(outputs[0])));
    case 'convnext':
    case 'tfjs':
      return [];
  }
}

const CONVOLUTIONS = new Set(['Conv2D', 'FusedConv2D', 'DepthwiseConv2dNative', 'FusedDepthwiseConv2D']);

/** The last norm is published as one of all tokens; where the head reads one or two of them, the others are not normed. */
function normsOfUnreadTokens({ pooling, dim }: ViTConfig, kernels: readonly TracedKernel[]): CostedStep[] {
  const [, numTokens = 0] = kernels.findLast(({ name }) => name === 'PatchlensAttention')?.outputs[0] ?? [];
  const read = { 'class-token': 1, distilled: 2, mean: numTokens, 'class-token-and-mean': numTokens }[pooling.kind];
  return [normOf('layerNorm', (numTokens - read) * dim)];
}
