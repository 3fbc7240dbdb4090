import type { Preprocessing, Size } from '../preprocessing.ts';

interface Recipe {
  readonly imageSize: Size;
  readonly preprocessing: Preprocessing;
}

/** What timm's `pretrained_cfg` says of every architecture: how images are prepared, and for how many classes. */
export function pretrainedConfig(
  { numChannels, numClasses }: { readonly numChannels: number; readonly numClasses: number },
  { imageSize, preprocessing: { resize, interpolation, mean, std } }: Recipe,
): object {
  return {
    custom_load: false,
    input_size: [numChannels, imageSize.height, imageSize.width],
    interpolation: interpolation === 'bilinear-no-antialias' ? 'bilinear' : interpolation,
    crop_pct: cropShare(imageSize, resize),
    crop_mode: resize.kind === 'squash' || resize.kind === 'border' ? resize.kind : 'center',
    mean,
    std,
    num_classes: numClasses,
  };
}

/** The share with which timm's `floor(side / share)` is the size that the image is resized to; the shortest number. */
function cropShare({ height }: Size, resize: Preprocessing['resize']): number {
  const resized = resize.kind === 'shorter-edge' ? resize.size : resize.size.height;
  const exact = Math.min(1, height / resized);
  const shorter = [1, 2, 3, 4].map((digits) => Number(exact.toFixed(digits)));
  const shares = [...shorter, exact, height / (resized + 0.5)];
  return shares.find((share) => Math.floor(height / share) === resized) ?? exact;
}
