/** Pixels as every later stage wants them: `data` is [H, W, 3], row by row, red green blue, 0…255. */
export interface RgbImage {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
}
