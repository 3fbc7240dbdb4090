import type { Preprocessing, Resize, Size } from '../weights/preprocessing.ts';
import type { Window } from './resample.ts';

/** Where the pixels that a model sees come from. All in whole pixels. */
export interface Geometry {
  /** Size of the whole image after the resize. */
  readonly resized: Size;
  /** The part of the resized image that is kept. */
  readonly window: Window;
  /** Where that part's corner lies in what the model sees; around it is padding. */
  readonly placement: { readonly top: number; readonly left: number };
}

/** How an image of the given size is resized, cropped and padded by a checkpoint's recipe. */
export function geometryOf(recipe: Preprocessing, size: Size): Geometry {
  const resized = resizedSize(recipe.resize, size);
  const { imageSize, cropRounding } = recipe;
  const rows = centred(resized.height, imageSize.height, cropRounding);
  const columns = centred(resized.width, imageSize.width, cropRounding);
  return {
    resized,
    window: { top: rows.start, left: columns.start, height: rows.length, width: columns.length },
    placement: { top: rows.margin, left: columns.margin },
  };
}

function resizedSize(resize: Resize, { height, width }: Size): Size {
  switch (resize.kind) {
    case 'shorter-edge': {
      const longer = Math.trunc((resize.size * Math.max(height, width)) / Math.min(height, width));
      return width <= height ? { height: longer, width: resize.size } : { height: resize.size, width: longer };
    }
    case 'squash':
      return resize.size;
    case 'cover':
      return dividedBy(Math.min(height / resize.size.height, width / resize.size.width), { height, width });
    case 'border':
      return dividedBy(Math.max(height / resize.size.height, width / resize.size.width), { height, width });
  }
}

/** At least one pixel, where timm fails on an image that is a hundred times longer than it is wide. */
function dividedBy(ratio: number, { height, width }: Size): Size {
  return { height: Math.max(1, halfToEven(height / ratio)), width: Math.max(1, halfToEven(width / ratio)) };
}

/** One axis of a centre crop, or of centred padding where there is too little: both libraries round that one down. */
function centred(
  length: number,
  wanted: number,
  rounding: Preprocessing['cropRounding'],
): { readonly start: number; readonly length: number; readonly margin: number } {
  if (length < wanted) return { start: 0, length, margin: Math.floor((wanted - length) / 2) };
  const half = (length - wanted) / 2;
  return { start: rounding === 'floor' ? Math.floor(half) : halfToEven(half), length: wanted, margin: 0 };
}

/** Python's `round`: 0.5 → 0, 1.5 → 2, 2.5 → 2. */
export function halfToEven(x: number): number {
  const below = Math.floor(x);
  const rest = x - below;
  return rest > 0.5 || (rest === 0.5 && below % 2 !== 0) ? below + 1 : below;
}

/**
 * Where what a model sees lies on an image of the given size, in the image's own pixels; it reaches beyond the image where
 * the recipe pads.
 */
export function viewOf(recipe: Preprocessing, size: Size) {
  const { resized, window, placement } = geometryOf(recipe, size);
  const [across, down] = [size.width / resized.width, size.height / resized.height];
  return {
    left: (window.left - placement.left) * across,
    top: (window.top - placement.top) * down,
    width: recipe.imageSize.width * across,
    height: recipe.imageSize.height * down,
  };
}

/** The size of an image that is scaled by a factor: whole pixels, and one at least. */
export function scaledSize({ height, width }: Size, scale: number): Size {
  return { height: Math.max(1, Math.round(height * scale)), width: Math.max(1, Math.round(width * scale)) };
}
