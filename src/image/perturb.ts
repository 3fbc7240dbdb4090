import type { Preprocessing } from '../weights/preprocessing.ts';
import { blurred, withNoise } from './perturb-pixels.ts';
import { dropped, occluded, shuffled } from './perturb-patches.ts';
import { scaledSize } from './geometry.ts';
import { loadSharp } from './load-sharp.ts';
import type { Random } from './random.ts';
import { resample } from './resample.ts';
import type { View } from './view.ts';
import { bytesOf, preparedOf, viewOf, viewOfBytes } from './view.ts';

export const PERTURBATION_KINDS = [
  'patch-drop',
  'patch-shuffle',
  'occlusion',
  'noise',
  'blur',
  'jpeg',
  'resolution',
] as const;
export type PerturbationKind = (typeof PERTURBATION_KINDS)[number];

interface Perturbation {
  /** What a level says. */
  readonly unit: string;
  /** From mild to harsh. */
  readonly levels: readonly number[];
  apply(view: View, level: number, random: Random): View | Promise<View>;
}

/** The side of the grid that patches are dropped from and shuffled in, whatever a model's own patches are (Naseer et al. 2021). */
const GRID = 14;
const TENTHS = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9] as const;
/** Blur is given in pixels of an image this wide, and scaled to any other. */
const NOMINAL_SIDE = 224;

const PERTURBATIONS: Readonly<Record<PerturbationKind, Perturbation>> = {
  'patch-drop': {
    unit: 'share of a 14 × 14 grid made black',
    levels: TENTHS,
    apply: (view, share, random) => dropped(view, { grid: GRID, share, random }),
  },
  'patch-shuffle': {
    unit: 'share of a 14 × 14 grid that changes places',
    levels: [...TENTHS, 1],
    apply: (view, share, random) => shuffled(view, { grid: GRID, share, random }),
  },
  occlusion: {
    unit: 'share of the area under a grey square',
    levels: [0.05, 0.1, 0.2, 0.3, 0.4, 0.5],
    apply: (view, share, random) => occluded(view, { share, random }),
  },
  noise: {
    unit: 'standard deviation of Gaussian noise, of pixels 0…1',
    levels: [0.04, 0.08, 0.12, 0.18, 0.26, 0.38],
    apply: withNoise,
  },
  blur: {
    unit: 'standard deviation of a Gaussian blur, in pixels at 224',
    levels: [0.5, 1, 2, 3, 4, 6],
    apply: (view, sigma) => blurred(view, (sigma * Math.min(view.width, view.height)) / NOMINAL_SIDE),
  },
  jpeg: {
    unit: 'JPEG quality',
    levels: [50, 25, 18, 15, 10, 7],
    apply: compressed,
  },
  resolution: {
    unit: 'shorter side in pixels before it is enlarged again',
    levels: [160, 112, 80, 56, 40, 28],
    apply: reduced,
  },
};

/** Which levels a kind is measured at, from mild to harsh, and what they say. */
export function levelsOf(kind: PerturbationKind): Pick<Perturbation, 'unit' | 'levels'> {
  const { unit, levels } = PERTURBATIONS[kind];
  return { unit, levels };
}

/**
 * A prepared image, as `preprocess` gives it, with what a model sees of it made harder: after resize and crop, so that
 * every model loses the same, and before the normalisation, so that black is black (Naseer et al. 2021).
 *
 * @param random decides what is dropped, moved or added
 */
export async function perturb(
  prepared: Float32Array,
  recipe: Preprocessing,
  { kind, level, random }: { readonly kind: PerturbationKind; readonly level: number; readonly random: Random },
): Promise<Float32Array> {
  const harder = await PERTURBATIONS[kind].apply(viewOf(prepared, recipe), level, random);
  return preparedOf(harder, recipe);
}

async function compressed(view: View, quality: number): Promise<View> {
  const sharp = await loadSharp();
  const { width, height } = view;
  const jpeg = await sharp(bytesOf(view), { raw: { width, height, channels: 3 } })
    .jpeg({ quality })
    .toBuffer();
  return viewOfBytes({ data: await sharp(jpeg).raw().toBuffer(), width, height });
}

function reduced(view: View, side: number): View {
  const { width, height } = view;
  const scale = side / Math.min(width, height);
  if (scale >= 1) return view;
  const small = resample({ data: bytesOf(view), width, height }, scaledSize(view, scale), 'bicubic');
  return viewOfBytes(resample(small, { width, height }, 'bicubic'));
}
