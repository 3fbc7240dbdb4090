import type { Interpolation, Preprocessing, Resize, Size } from '../preprocessing.ts';

/** Pillow's numbers for its filters. */
const RESAMPLE: Readonly<Record<Interpolation, number>> = { lanczos: 1, bilinear: 2, bicubic: 3, box: 4 };

/** preprocessor_config.json of the image processor that comes nearest to a recipe. */
export function processorFile({ imageSize, resize, interpolation, mean, std }: Preprocessing): object {
  return {
    ...resizeAndCrop(resize, imageSize),
    do_resize: true,
    resample: RESAMPLE[interpolation === 'bilinear-no-antialias' ? 'bilinear' : interpolation],
    do_rescale: true,
    rescale_factor: 1 / 255,
    do_normalize: true,
    image_mean: mean,
    image_std: std,
  };
}

/** ViT's processor squashes, DeiT's squashes and crops, BiT's keeps the aspect and crops. */
function resizeAndCrop(resize: Resize, imageSize: Size): object {
  switch (resize.kind) {
    case 'shorter-edge':
      return cropped('BitImageProcessor', { shortest_edge: resize.size }, imageSize);
    case 'cover':
      return cropped(
        'BitImageProcessor',
        { shortest_edge: Math.min(resize.size.height, resize.size.width) },
        imageSize,
      );
    // Nothing is cut off, as nothing is with a border.
    case 'border':
    case 'squash':
      return sameSize(resize.size, imageSize)
        ? { image_processor_type: 'ViTImageProcessor', size: imageSize }
        : cropped('DeiTImageProcessor', resize.size, imageSize);
  }
}

function cropped(type: string, size: object, imageSize: Size): object {
  return { image_processor_type: type, size, do_center_crop: true, crop_size: imageSize };
}

function sameSize(a: Size, b: Size): boolean {
  return a.height === b.height && a.width === b.width;
}
