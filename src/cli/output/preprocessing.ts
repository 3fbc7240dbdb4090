import type { Preprocessing, Resize } from '../../index.ts';

/** The steps from an image to the numbers a model sees, as one would tell them. */
export function inWords({ imageSize, resize, interpolation, mean, std }: Preprocessing): string {
  const { height, width } = imageSize;
  const steps = [`${resizeInWords(resize)} (${interpolation})`];
  // A squashed or padded image has its final size already.
  if (resize.kind !== 'squash' && resize.kind !== 'border') steps.push(`crop the centre to ${height} x ${width}`);
  steps.push(`(x / 255 - mean) / std with mean ${mean.join(' ')}, std ${std.join(' ')}`);
  return steps.join('; ');
}

function resizeInWords(resize: Resize): string {
  switch (resize.kind) {
    case 'shorter-edge':
      return `resize the shorter edge to ${resize.size}`;
    case 'squash':
      return `resize to ${resize.size.height} x ${resize.size.width}, whatever the aspect`;
    case 'cover':
      return `resize to cover ${resize.size.height} x ${resize.size.width}`;
    case 'border':
      return `resize to fit in ${resize.size.height} x ${resize.size.width}, pad with the mean colour`;
  }
}
