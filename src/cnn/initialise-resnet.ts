import type { ResNetConfig } from '../weights/cnn-architecture.ts';
import type { NamedArray } from '../weights/arrays.ts';
import { resNetParams } from './resnet-params.ts';

export interface InitialiseOptions {
  /** Uniform in 0…1, one excluded. */
  readonly random: () => number;
  /**
   * Starts each block as its shortcut alone: the last norm of its branch has a scale of zero (Goyal et al. 2017, section
   * 5.1). As timm does; torchvision does not. Default true.
   */
  readonly zeroInitResidual?: boolean;
}

/**
 * Parameters to start training from, by dotted name: filters normal with variance 2 / (k²·out) (He et al. 2015, by what
 * leaves: «fan out»), norms that change nothing, a linear head uniform in ±1 / √in, as torchvision starts its ResNets.
 */
export function initialiseResNet(config: ResNetConfig, options: InitialiseOptions): Map<string, NamedArray> {
  const { random, zeroInitResidual = true } = options;
  const headWidth = config.stages.at(-1)?.outWidth ?? config.stem.width;
  const arrays = new Map<string, NamedArray>();
  const { stages } = resNetParams(config, (name, shape) => {
    const data = new Float32Array(shape.reduce((product, side) => product * side, 1));
    arrays.set(name, { shape, data: data.map(valueOf(name, shape, { random, headWidth })) });
    return name;
  });
  if (!zeroInitResidual) return arrays;
  for (const { convolutions } of stages.flatMap(({ blocks }) => blocks)) {
    arrays.get(convolutions.at(-1)?.norm.scale ?? '')?.data.fill(0);
  }
  return arrays;
}

function valueOf(
  name: string,
  [k = 0, , , out = 0]: readonly number[],
  { random, headWidth }: { readonly random: () => number; readonly headWidth: number },
): () => number {
  // Of weights and bias alike, as torch's Linear.
  if (name.startsWith('head.')) return () => (2 * random() - 1) / Math.sqrt(headWidth);
  if (name.endsWith('.kernel')) return () => normal(random) * Math.sqrt(2 / (k * k * out));
  return /\.norm\.(?:scale|variance)$/.test(name) ? () => 1 : () => 0;
}

/** Standard normal (Box & Muller 1958). */
function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
