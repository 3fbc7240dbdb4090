import {
  interpolateCividis,
  interpolateGreys,
  interpolateInferno,
  interpolateMagma,
  interpolatePlasma,
  interpolateRdBu,
  interpolateTurbo,
  interpolateViridis,
} from 'd3-scale-chromatic';

import { COLOURS } from './colour-range.ts';

export { COLOURS, colourIndex, extentOf, rangeOf } from './colour-range.ts';
export type { Range } from './colour-range.ts';

const INTERPOLATORS = {
  viridis: interpolateViridis,
  magma: interpolateMagma,
  inferno: interpolateInferno,
  plasma: interpolatePlasma,
  cividis: interpolateCividis,
  /** From white to black. */
  grey: interpolateGreys,
  /** For signed values: blue below, red above. */
  'blue-red': (t: number) => interpolateRdBu(1 - t),
  /** A rainbow: not perceptually uniform, never chosen unasked. */
  turbo: interpolateTurbo,
} as const satisfies Record<string, (t: number) => string>;

export type ColourMapName = keyof typeof INTERPOLATORS;
// Object.keys forgets which keys an object has.
// oxlint-disable-next-line typescript/no-unsafe-type-assertion
export const COLOUR_MAPS = Object.keys(INTERPOLATORS) as readonly ColourMapName[];

/** Red, green and blue of 256 even steps from the least value to the greatest. [256 · 3] */
export function colourTable(name: ColourMapName): Uint8Array {
  return Uint8Array.from(
    Array.from({ length: COLOURS }, (_, i) => rgbOf(INTERPOLATORS[name](i / (COLOURS - 1)))).flat(),
  );
}

/** `#440154` or `rgb(68, 1, 84)`, both of which the interpolators give. */
function rgbOf(css: string): readonly number[] {
  const hex = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(css);
  if (hex !== null) return hex.slice(1).map((digits) => Number.parseInt(digits, 16));
  return (css.match(/[\d.]+/g) ?? []).slice(0, 3).map((value) => Math.round(Number(value)));
}
