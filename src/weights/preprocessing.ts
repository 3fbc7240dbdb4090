export interface Size {
  readonly height: number;
  readonly width: number;
}

/** Pillow's filters, which widen with the scale so that shrinking averages. */
export const INTERPOLATIONS = ['bilinear', 'bicubic', 'lanczos', 'box'] as const;
export type Interpolation = (typeof INTERPOLATIONS)[number];

/** `bilinear-no-antialias` is TensorFlow's `tf.image.resize`, which samples four pixels however far it shrinks. */
export const TENSORFLOW_INTERPOLATIONS = [...INTERPOLATIONS, 'bilinear-no-antialias'] as const;

/** How the whole image is resized, before the centre is cropped. */
export const RESIZES = ['shorter-edge', 'squash', 'border'] as const;

/**
 * How a checkpoint wants its images, as the library that published it prepares them. It belongs to the weights: every
 * field comes from the checkpoint's own files, or from its family's published default.
 */
export interface Preprocessing {
  /** What the model sees, in pixels, after resize and crop. */
  readonly imageSize: Size;
  readonly resize: Resize;
  readonly interpolation: (typeof TENSORFLOW_INTERPOLATIONS)[number];
  /**
   * Where an odd margin goes when the resized image is cropped: to the even half as torchvision and timm round
   * (`round((H − h) / 2)`, half to even), or down as transformers does.
   */
  readonly cropRounding: 'half-even' | 'floor';
  /** Per channel, of pixels scaled to 0…1: `(x / 255 − mean) / std`. */
  readonly mean: Rgb;
  readonly std: Rgb;
}

export type Rgb = readonly [red: number, green: number, blue: number];

/** What ImageNet's training images are like, by which most networks normalise. */
export const IMAGENET = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] } as const;

/** The first step, on the whole image; a centre crop (or padding) to `imageSize` follows. Sizes are in pixels. */
export type Resize =
  /** Shorter edge to `size`, the longer one truncated: torchvision's `Resize(int)`. */
  | { readonly kind: 'shorter-edge'; readonly size: number }
  /** Both edges to the given size, whatever the aspect: torchvision's `Resize((h, w))`. */
  | { readonly kind: 'squash'; readonly size: Size }
  /** Aspect kept, the result covers `size`, edges rounded half to even: timm's `ResizeKeepRatio(longest=0)`. */
  | { readonly kind: 'cover'; readonly size: Size }
  /** Aspect kept, the result fits in `size`, the rest is padded with the mean colour: timm's `crop_mode: border`. */
  | { readonly kind: 'border'; readonly size: Size };

/** What of a recipe is asked for otherwise. */
export interface PreprocessingChanges {
  readonly resize?: (typeof RESIZES)[number] | undefined;
  /** Share of the resized image's edge that the centre crop keeps, above 0 and at most 1. */
  readonly crop?: number | undefined;
  readonly interpolation?: Preprocessing['interpolation'] | undefined;
  readonly mean?: Rgb | undefined;
  readonly std?: Rgb | undefined;
}

/** A recipe with changes; a new way to resize crops nothing unless a share is given too. */
export function changedPreprocessing(recipe: Preprocessing, changes: PreprocessingChanges): Preprocessing {
  const { mean = recipe.mean, std = recipe.std, interpolation = recipe.interpolation } = changes;
  return { ...recipe, resize: changedResize(recipe, changes), interpolation, mean, std };
}

function changedResize({ resize, imageSize }: Preprocessing, changes: PreprocessingChanges): Resize {
  if (changes.resize === undefined && changes.crop === undefined) return resize;
  const { crop = 1, resize: kind = resize.kind === 'cover' ? 'shorter-edge' : resize.kind } = changes;
  const size = { height: Math.floor(imageSize.height / crop), width: Math.floor(imageSize.width / crop) };
  if (kind !== 'shorter-edge') return { kind, size };
  return size.height === size.width ? { kind, size: size.height } : { kind: 'cover', size };
}

/** The share of the resized image's edge that the centre crop keeps. */
export function cropOf({ resize, imageSize }: Preprocessing): number {
  const edge = resize.kind === 'shorter-edge' ? resize.size : Math.min(resize.size.height, resize.size.width);
  return Math.min(imageSize.height, imageSize.width) / edge;
}
