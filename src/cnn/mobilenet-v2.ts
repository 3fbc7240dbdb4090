import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';

import { convolve, padOf } from '../nn/convolution.ts';
import type { BiasedConvolutionParams, ConvolutionOptions } from '../nn/convolution.ts';
import { tidy } from '../tensor/tfjs.ts';
import type { Layer } from '../nn/network.ts';
import type { Probe } from '../nn/probe.ts';
import { dims } from '../tensor/dims.ts';
import { invertedResidual } from '../tensor/ops/inverted-residual.ts';
import type { InvertedResidual, MobileNetV2Config } from '../weights/cnn-architecture.ts';
import { pooledHead } from './head.ts';
import type { InvertedResidualParams, MobileNetV2Params } from './mobilenet-v2-params.ts';

/**
 * MobileNetV2 (Sandler et al. 2018, table 2), its norms folded, as a chain of layers from images [B, H, W, C] to logits
 * [B, classes]: `stem`, `blocks.i`, `last`, `logits`; inside them `blocks.i.expand`, `blocks.i.depthwise` and `pooled`.
 */
export function mobileNetV2Layers(
  config: MobileNetV2Config,
  params: MobileNetV2Params<Tensor, BiasedConvolutionParams>,
): Layer[] {
  const { padding, numChannels } = config;
  const blocks = config.blocks.flatMap((shape, i): Layer[] => {
    const block = params.blocks[i];
    const name = `blocks.${i}`;
    if (block === undefined) return [];
    return [{ name, apply: (x: Tensor4D, probe) => run(x, block, { ...shape, name, padding, probe }) }];
  });
  const activated = { padding, activation: 'relu6' } as const;
  return [
    {
      name: 'stem',
      apply: (images: Tensor4D) => {
        dims('MobileNetV2 images', images, 'B H W C', { C: numChannels });
        return convolve(images, params.stem, { ...activated, stride: 2 });
      },
    },
    ...blocks,
    { name: 'last', apply: (x: Tensor4D) => convolve(x, params.last, activated) },
    { name: 'logits', apply: (x: Tensor4D, probe) => pooledHead(x, params.head, probe) },
  ];
}

interface BlockPass extends InvertedResidual {
  readonly name: string;
  readonly padding: MobileNetV2Config['padding'];
  readonly probe: Probe | undefined;
}

/** Expansion, depthwise convolution, projection (figure 3b): [B, H, W, C] → [B, ⌈H / stride⌉, ⌈W / stride⌉, width]. */
function run(x: Tensor4D, params: InvertedResidualParams<BiasedConvolutionParams>, pass: BlockPass): Tensor4D {
  const { stride, padding, residual, probe } = pass;
  // Where nobody looks in between, what lies there is not stored.
  if (probe !== undefined) return runInSteps(x, params, { ...pass, probe });
  const pad = padOf(padding, params.depthwise.kernel.shape[0] ?? 0, stride);
  return invertedResidual(x, params, { strides: stride, pad, activation: 'relu6', residual });
}

function runInSteps(
  x: Tensor4D,
  { expand, depthwise, project }: InvertedResidualParams<BiasedConvolutionParams>,
  { name, stride, padding, residual, probe }: BlockPass & { readonly probe: Probe },
): Tensor4D {
  const step = (
    input: Tensor4D,
    unit: BiasedConvolutionParams,
    part: string,
    options: ConvolutionOptions = {},
  ): Tensor4D => {
    const output = convolve(input, unit, { ...options, padding, activation: 'relu6' });
    probe(`${name}.${part}`, output);
    return output;
  };
  return tidy(() => {
    const wide = expand === undefined ? x : step(x, expand, 'expand');
    const filtered = step(wide, depthwise, 'depthwise', { stride, depthwise: true });
    return convolve(filtered, project, { skip: residual ? x : undefined });
  });
}
