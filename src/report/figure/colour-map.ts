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

export const COLOURS = 256;

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

/** The values that the two ends of a colour map stand for. */
export interface Range {
  readonly least: number;
  readonly greatest: number;
}

/**
 * From zero to the greatest value, or to the least below zero: what zero looks like does not depend on the map. Signed
 * values get as much room below zero as above where `isSigned`.
 */
export function rangeOf(maps: readonly ArrayLike<number>[], isSigned = false): Range {
  let [least, greatest] = [0, 0];
  for (const map of maps) {
    for (let i = 0; i < map.length; i += 1) {
      least = Math.min(least, map[i]!);
      greatest = Math.max(greatest, map[i]!);
    }
  }
  if (!isSigned) return { least, greatest };
  const reach = Math.max(-least, greatest);
  return { least: -reach, greatest: reach };
}

/** Which of the 256 colours a value gets; a range of nothing gives the first. */
export function colourIndex(value: number, { least, greatest }: Range): number {
  if (!(greatest > least)) return 0;
  return Math.round((COLOURS - 1) * Math.min(1, Math.max(0, (value - least) / (greatest - least))));
}
