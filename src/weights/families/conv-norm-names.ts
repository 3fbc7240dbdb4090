import type { Description } from '../family.ts';
import { sourceFrom } from '../torch-tensor.ts';
import type { TorchTensor } from '../torch-tensor.ts';

/** What torch calls the two halves of a convolution with its batch norm. */
export interface ConvNormNames {
  readonly convolution: string;
  readonly norm: string;
  readonly depthwise?: boolean | undefined;
}

/** What a library calls the convolutions of a network, by their places in the tree of its parameters, and the head. */
export interface ConvNetNames {
  readonly unit: (place: string) => ConvNormNames;
  readonly head: string;
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
export function convNormTensor(parameter: string, { unit, head }: ConvNetNames): TorchTensor {
  if (parameter === 'head.kernel') return { name: `${head}.weight`, layout: 'linear' };
  if (parameter === 'head.bias') return { name: `${head}.bias`, layout: 'same' };
  const [, place = '', leaf = ''] = /^(.+?)\.(kernel|norm\.\w+)$/.exec(parameter) ?? [];
  const { convolution, norm, depthwise = false } = unit(place);
  if (leaf === 'kernel') return { name: `${convolution}.weight`, layout: depthwise ? 'depthwise' : 'convolution' };
  return { name: `${norm}.${NORM[leaf.slice('norm.'.length)] ?? leaf}`, layout: 'same' };
}

/** How many batches a norm has seen: torch's own bookkeeping. */
const BATCH_COUNTS = /\.num_batches_tracked$/;

/** Where such a network's parameters come from. */
export function convNormSources(names: ConvNetNames): Pick<Description, 'sourceOf' | 'unused'> {
  return { sourceOf: (parameter) => sourceFrom(convNormTensor(parameter, names)), unused: [BATCH_COUNTS] };
}
