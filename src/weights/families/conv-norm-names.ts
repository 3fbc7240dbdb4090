import type { TorchTensor } from '../torch-tensor.ts';

/** What torch calls the two halves of a convolution with its batch norm. */
export interface ConvNormNames {
  readonly convolution: string;
  readonly norm: string;
  readonly depthwise?: boolean | undefined;
}

const NORM: Readonly<Record<string, string>> = {
  scale: 'weight',
  bias: 'bias',
  mean: 'running_mean',
  variance: 'running_var',
};

/**
 * The tensor of a network that is made of convolutions with batch norms and a linear head.
 *
 * @param parameter its dotted name in the tree of the architecture: `stem.kernel`, `….norm.scale`, `head.bias`.
 */
export function convNormTensor(parameter: string, namesOf: (unit: string) => ConvNormNames, head: string): TorchTensor {
  if (parameter === 'head.kernel') return { name: `${head}.weight`, layout: 'linear' };
  if (parameter === 'head.bias') return { name: `${head}.bias`, layout: 'same' };
  const [, unit = '', leaf = ''] = /^(.+?)\.(kernel|norm\.\w+)$/.exec(parameter) ?? [];
  const { convolution, norm, depthwise = false } = namesOf(unit);
  if (leaf === 'kernel') return { name: `${convolution}.weight`, layout: depthwise ? 'depthwise' : 'convolution' };
  return { name: `${norm}.${NORM[leaf.slice('norm.'.length)] ?? leaf}`, layout: 'same' };
}

/** How many batches a norm has seen: torch's own bookkeeping. */
export const BATCH_COUNTS = /\.num_batches_tracked$/;
