import { colourIndex } from '../../figure/colour-range.ts';
import type { Range } from '../../figure/colour-range.ts';
import type { ColourTables } from '../page-record.ts';
import { contextOf } from './dom.ts';
import type { Colours } from './view.ts';

export interface Paint {
  readonly range: Range;
  /** 256 colours as bytes. */
  readonly table: Uint8Array;
  /** What is less is left clear. */
  readonly threshold?: number;
}

/** The colours for values: a scale with a middle where they are signed, else the one that the reader chose. */
export function tableOf(tables: ColourTables, colours: Colours, isSigned: boolean): Uint8Array {
  return isSigned ? tables['blue-red'] : tables[colours];
}

/** Draws values [height, width] on a canvas of as many pixels. */
export function paint(canvas: HTMLCanvasElement, values: Float32Array, options: Paint): void {
  const { range, table, threshold = -Infinity } = options;
  const pixels = new ImageData(canvas.width, canvas.height);
  for (let i = 0; i < values.length; i += 1) {
    const value = values[i]!;
    if (value < threshold) continue;
    const colour = 3 * colourIndex(value, range);
    for (let c = 0; c < 3; c += 1) pixels.data[4 * i + c] = table[colour + c]!;
    pixels.data[4 * i + 3] = 255;
  }
  contextOf(canvas).putImageData(pixels, 0, 0);
}

/** Draws the 256 colours from left to right on a canvas of 256 × 1. */
export function paintBar(canvas: HTMLCanvasElement, table: Uint8Array): void {
  const values = Float32Array.from({ length: 256 }, (_, i) => i);
  paint(canvas, values, { range: { least: 0, greatest: 255 }, table });
}
