import type { CheckpointChoice, NetworkChoice, NetworkName, RecipeOptions, Size } from '../index.ts';
import { CommandFailure, EXIT } from './exit.ts';
import { ARCHITECTURES, NAMED, OPTIMIZERS, PARTS } from './train-flags.ts';
import type { TrainFlags } from './train-flags.ts';

export function networkOf(
  flags: TrainFlags,
  named: Readonly<Record<NetworkName, NetworkChoice>>,
): NetworkChoice | CheckpointChoice {
  const { arch, patchSize, dim, depth, heads, imageSize, distillationToken: distilled } = flags;
  const size: Size | undefined = typeof imageSize === 'number' ? { height: imageSize, width: imageSize } : imageSize;
  if (flags.from !== undefined) return { kind: 'checkpoint', model: flags.from, imageSize: size };
  if (isNamed(arch)) {
    const network = named[arch];
    refuseParts(flags, network.kind === 'vit' ? ['distillationToken'] : []);
    return { ...network, ...(size && { imageSize: size }), ...(distilled && { distilled }) };
  }
  if (arch === 'resnet') {
    refuseParts(flags, ['depths', 'widths', 'strides', 'downsample']);
    const { depths = [3, 3, 3], widths = [16, 32, 64], strides, downsample } = flags;
    return { kind: 'resnet', imageSize: size, depths, widths, strides, downsample };
  }
  refuseParts(flags, ['patchSize', 'dim', 'depth', 'heads', 'distillationToken']);
  return { kind: 'vit', size: ARCHITECTURES[arch], patchSize, imageSize: size, dim, depth, numHeads: heads, distilled };
}

/** @throws CommandFailure for a part that the architecture does not have, or that its name decides. */
function refuseParts(flags: TrainFlags, known: readonly (typeof PARTS)[number][]): void {
  const refused = PARTS.find((part) => flags[part] !== undefined && !known.includes(part));
  if (refused === undefined) return;
  const flag = `--${refused.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  throw new CommandFailure(EXIT.usage, `${flag}: expected another --arch than ${flags.arch}, which does not take it`);
}

function isNamed(arch: string): arch is NetworkName {
  return arch in NAMED;
}

const USUAL_CROP = { kind: 'resized', minArea: 0.35 } as const;

export function recipeOf(flags: TrainFlags): RecipeOptions {
  const { seed, epochs, steps, warmupEpochs, batchSize, accumulate, learningRate, weightDecay } = flags;
  const { clipNorm, labelSmoothing, stochasticDepth, crop: asked = USUAL_CROP, flip, erasing, mixup, cutmix } = flags;
  return {
    seed,
    // What is fastest is not accurate enough everywhere: a run in less than float32 is asked for.
    precision: flags.precision === 'auto' ? 'f32' : flags.precision,
    epochs,
    steps,
    warmupEpochs,
    batchSize,
    accumulate,
    learningRate,
    weightDecay,
    clipNorm,
    labelSmoothing,
    stochasticDepth,
    patchDrop: flags.patchDrop,
    initialisation: flags.init,
    averageDecay: flags.average,
    layerDecay: flags.layerDecay,
    freezeTrunk: flags.linearProbe,
    distillation: distillationOf(flags),
    guidance: flags.guidance,
    optimizer: OPTIMIZERS[flags.optimizer],
    augmentation: { crop: asked, flip, randAugment: flags.randAugment ?? null, erasing },
    mixing: { mixup, cutmix },
  };
}

/** Also without a teacher where something is said about it, which the library refuses. */
function distillationOf({ teacher, distil, distilWeight, temperature }: TrainFlags) {
  if (temperature !== undefined && distil !== 'soft') {
    throw new CommandFailure(
      EXIT.usage,
      '--temperature: expected --distil soft beside it, whose probabilities it is of',
    );
  }
  if ((teacher ?? distil ?? distilWeight) === undefined) return undefined;
  const weight = distilWeight ?? 0.5;
  return distil === 'soft'
    ? ({ kind: 'soft', weight, temperature: temperature ?? 3 } as const)
    : ({ kind: 'hard', weight } as const);
}
