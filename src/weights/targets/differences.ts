import type { ViTConfig } from '../architecture.ts';
import type { Preprocessing } from '../preprocessing.ts';

/** What decides a model's answers, as its files say it. */
export interface Reading {
  readonly config: ViTConfig;
  readonly preprocessing: Preprocessing;
}

/**
 * What a library that reads the written files will do otherwise than the checkpoint asked for, in sentences for the user.
 *
 * @param wanted what the checkpoint asks for.
 * @param got what the written files were read as.
 */
export function differences(wanted: Reading, got: Reading, library: string): string[] {
  return [...networkDifferences(wanted.config, got.config, library), ...recipeDifferences(wanted, got, library)];
}

function networkDifferences(wanted: ViTConfig, got: ViTConfig, library: string): string[] {
  const found: string[] = [];
  if (wanted.epsilon !== got.epsilon) {
    found.push(
      `${library} computes this network's layer norms with an ε of ${got.epsilon.toExponential()}, ` +
        `not ${wanted.epsilon.toExponential()}: logits differ where the values of a token lie close together`,
    );
  }
  const [from, to] = [wanted.positions, got.positions];
  if (from.kind === 'learned' && to.kind === 'learned' && from.resample !== to.resample) {
    found.push(`at another image size ${library} resamples the positions by ${to.resample}, not by ${from.resample}`);
  }
  return found;
}

/** What is done to images otherwise than the checkpoint asked for, in sentences for the user. */
export function recipeDifferences(
  { preprocessing: wanted }: Pick<Reading, 'preprocessing'>,
  { preprocessing: got }: Pick<Reading, 'preprocessing'>,
  library: string,
): string[] {
  const found: string[] = [];
  const differs = (field: keyof Preprocessing): boolean => JSON.stringify(wanted[field]) !== JSON.stringify(got[field]);
  if (differs('interpolation')) {
    found.push(`${library} resizes images by ${got.interpolation}, not by ${wanted.interpolation}`);
  }
  if (differs('resize')) {
    found.push(`${library} resizes images by ${JSON.stringify(got.resize)}, not by ${JSON.stringify(wanted.resize)}`);
  }
  if (differs('cropRounding') && canHaveOddMargin(wanted)) {
    found.push(`${library} rounds an odd margin of the crop another way: the crop may be one pixel off`);
  }
  if (differs('mean') || differs('std')) found.push(`${library} normalises pixels with another mean or deviation`);
  return found;
}

/** The two roundings part at margins of 4n + 3 pixels. Those of a squashed image are known, others follow from the image. */
function canHaveOddMargin({ resize, imageSize }: Preprocessing): boolean {
  if (resize.kind === 'border') return false;
  if (resize.kind !== 'squash') return true;
  const margins = [resize.size.height - imageSize.height, resize.size.width - imageSize.width];
  return margins.some((margin) => margin > 0 && margin % 4 === 3);
}
