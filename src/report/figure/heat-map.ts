import { smooth } from '../../attribution/field.ts';
import type { Field } from '../../attribution/field.ts';
import { colourIndex, colourTable } from './colour-map.ts';
import type { ColourMapName, Range } from './colour-map.ts';

/** [height, width, 3], 0…255. */
export interface Pixels {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** In pixels of a picture, not necessarily whole ones. */
export interface Rectangle {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

export const UPSAMPLINGS = ['nearest', 'smooth'] as const;
export type Upsampling = (typeof UPSAMPLINGS)[number];

export interface HeatMapOptions {
  /** Where the grid lies on the picture; what is beyond the picture is not shown. */
  readonly place: Rectangle;
  readonly range: Range;
  readonly colours: ColourMapName;
  /** Share of the colours over the picture, 0…1. */
  readonly alpha: number;
  readonly upsampling: Upsampling;
}

/** How bright the picture is where the grid does not reach, which the network has not seen. */
const UNSEEN = 0.4;

/** A picture with a grid of values laid over it in colours; the picture is dimmed where the grid does not reach. */
export function heatMap(picture: Pixels, field: Field, options: HeatMapOptions): Pixels {
  const table = colourTable(options.colours);
  const valueAt = options.upsampling === 'nearest' ? nearest : smooth;
  return overlaid(picture, field, options, (row, column, c) => {
    return table[3 * colourIndex(valueAt(field, row, column), options.range) + c]!;
  });
}

/** The same for a field of colours, red, green and blue of 0…1 for each cell. */
export function colourField(
  picture: Pixels,
  { values, Gh, Gw }: Field,
  options: Pick<HeatMapOptions, 'place' | 'alpha' | 'upsampling'>,
): Pixels {
  const valueAt = options.upsampling === 'nearest' ? nearest : smooth;
  const channels = [0, 1, 2].map((c) => Float64Array.from({ length: Gh * Gw }, (_, i) => values[i * 3 + c]!));
  return overlaid(picture, { values, Gh, Gw }, options, (row, column, c) => {
    return 255 * valueAt({ values: channels[c]!, Gh, Gw }, row, column);
  });
}

function overlaid(
  picture: Pixels,
  { Gh, Gw }: Field,
  { place, alpha }: Pick<HeatMapOptions, 'place' | 'alpha'>,
  colourAt: (row: number, column: number, channel: number) => number,
): Pixels {
  const { width, height } = picture;
  const data = new Uint8Array(picture.data.length);
  const rows = cellsAcross(height, place.top, place.height, Gh);
  const columns = cellsAcross(width, place.left, place.width, Gw);
  for (const [y, row] of rows.entries()) {
    for (const [x, column] of columns.entries()) {
      const at = (y * width + x) * 3;
      for (let c = 0; c < 3; c += 1) {
        const below = picture.data[at + c]!;
        data[at + c] =
          row === undefined || column === undefined
            ? below * UNSEEN
            : Math.round((1 - alpha) * below + alpha * colourAt(row, column, c));
      }
    }
  }
  return { data, width, height };
}

/** For each pixel of an axis its place in cells, 0…count; undefined where the grid does not reach. */
function cellsAcross(length: number, start: number, span: number, count: number): (number | undefined)[] {
  return Array.from({ length }, (_, pixel) => {
    const cell = ((pixel + 0.5 - start) / span) * count;
    return cell >= 0 && cell < count ? cell : undefined;
  });
}

function nearest({ values, Gw }: Field, row: number, column: number): number {
  return values[Math.floor(row) * Gw + Math.floor(column)]!;
}
