import { ImageError } from '../../errors.ts';
import { decodeImage } from '../../image/decode.ts';
import { thumbnailOf } from '../../image/thumbnail.ts';
import { mapAhead } from '../map-ahead.ts';
import { comparisonPage } from '../../report/comparison-page.ts';
import type { Comparison } from '../../report/comparison.ts';

export interface ComparisonPageOptions {
  /** Turn photographs as their EXIF orientation says; default true. */
  readonly autoOrient?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Pixels along the longer side: sharp enough for a card, and some kilobytes each. */
const SIDE = 224;
const AT_A_TIME = 4;

/** A comparison as one HTML page that needs nothing else, with the pictures that it names, where they can still be read. */
export async function renderComparison(comparison: Comparison, options: ComparisonPageOptions = {}): Promise<string> {
  const { autoOrient = true, signal } = options;
  const paths = new Set(comparison.pairs.flatMap(({ mostDifferent }) => mostDifferent.map(({ path }) => path)));
  const thumbnails = new Map<string, string>();
  const drawn = mapAhead(
    paths,
    AT_A_TIME,
    async (path) => ({ path, picture: await pictureOf(path, autoOrient) }),
    signal,
  );
  for await (const { path, picture } of drawn) if (picture !== undefined) thumbnails.set(path, picture);
  return comparisonPage(comparison, thumbnails);
}

async function pictureOf(path: string, autoOrient: boolean): Promise<string | undefined> {
  try {
    return await thumbnailOf(await decodeImage(path, { autoOrient }), SIDE);
  } catch (error) {
    if (error instanceof ImageError) return undefined;
    throw error;
  }
}
