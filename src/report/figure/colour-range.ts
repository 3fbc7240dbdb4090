// Apart from the colour maps, so that a page can place values without carrying their library.

export const COLOURS = 256;

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
  const extent = extentOf(maps);
  const [least, greatest] = [Math.min(0, extent.least), Math.max(0, extent.greatest)];
  if (!isSigned) return { least, greatest };
  const reach = Math.max(-least, greatest);
  return { least: -reach, greatest: reach };
}

/** From the least value to the greatest. */
export function extentOf(maps: readonly ArrayLike<number>[]): Range {
  let [least, greatest] = [Infinity, -Infinity];
  for (const map of maps) {
    for (let i = 0; i < map.length; i += 1) {
      least = Math.min(least, map[i]!);
      greatest = Math.max(greatest, map[i]!);
    }
  }
  return { least, greatest };
}

/** Which of the 256 colours a value gets; a range of nothing gives the first. */
export function colourIndex(value: number, { least, greatest }: Range): number {
  if (!(greatest > least)) return 0;
  return Math.round((COLOURS - 1) * Math.min(1, Math.max(0, (value - least) / (greatest - least))));
}
