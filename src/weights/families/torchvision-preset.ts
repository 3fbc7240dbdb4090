import { basename } from 'node:path';

import { IMAGENET } from '../preprocessing.ts';
import type { Preprocessing, Size } from '../preprocessing.ts';

const CROP_SIZE = 224;

/**
 * torchvision.transforms._presets.ImageClassification, which crops 224 pixels of a shorter edge resized to `resizeSize`; the
 * same share of the image at another size.
 */
export function torchvisionPreset(resizeSize: number): (imageSize: Size) => Preprocessing {
  return (imageSize) => {
    const size = {
      height: Math.floor((imageSize.height * resizeSize) / CROP_SIZE),
      width: Math.floor((imageSize.width * resizeSize) / CROP_SIZE),
    };
    return {
      imageSize,
      resize: size.height === size.width ? { kind: 'shorter-edge', size: size.height } : { kind: 'cover', size },
      interpolation: 'bilinear',
      cropRounding: 'half-even',
      ...IMAGENET,
    };
  };
}

/** The files of torchvision's second recipe («IMAGENET1K_V2»), by the end of their published names. */
const SECOND_RECIPE = /imagenet1k_v2|-(?:11ad3fa6|cd907fc2|f82ba261|9ba9bcbe|d733dc28|7ebf99e0)(?:\.|$)/i;

/** To what the shorter edge is resized: 232 pixels in the second recipe, 256 in the first. Only the file's name can tell. */
export function resizeOf(where: string): number {
  return SECOND_RECIPE.test(basename(where)) ? 232 : 256;
}

export function recipeNote(resizeSize: number): string {
  const recipe =
    resizeSize === 256 ? 'first recipe (IMAGENET1K_V1: resize 256' : 'second recipe (IMAGENET1K_V2: resize 232';
  return (
    `torchvision checkpoints say nothing of preprocessing: its ${recipe}, crop 224, bilinear) is assumed; ` +
    'a timm config.json beside the weights says otherwise'
  );
}
