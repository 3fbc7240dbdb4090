import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RgbImage } from '../../src/image/rgb-image.ts';

const FOLDER = fileURLToPath(new URL('fixtures', import.meta.url));

/** The path of something that test/golden/make_image_goldens.py wrote. */
export function fixture(...parts: string[]): string {
  return join(FOLDER, ...parts);
}

/** The content of a golden JSON file; its shape is the writer's, so the caller names the type. */
export function golden<T>(name: string): T {
  return JSON.parse(readFileSync(fixture(name), 'utf8')) as T;
}

export const KIND_FILES: readonly string[] = readdirSync(fixture('kinds')).toSorted();

interface PixelRecord {
  readonly width: number;
  readonly height: number;
  readonly rgb: string;
}

/** What a fixture of `kinds/` must decode to. */
export function kindGoldens(file: string): RgbImage {
  const record = golden<Record<string, PixelRecord>>('kinds.json')[file];
  if (record === undefined) throw new Error(`kinds.json has no ${file}: run test/golden/make_image_goldens.py`);
  return { data: Buffer.from(record.rgb, 'base64'), width: record.width, height: record.height };
}

/** The largest absolute difference; arrays of different length differ infinitely. */
export function worstDifference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY;
  let worst = 0;
  for (let i = 0; i < actual.length; i++) worst = Math.max(worst, Math.abs(actual[i]! - expected[i]!));
  return worst;
}

/** The bytes of the golden script's linear congruential generator, as an image. */
export function noise(width: number, height: number): RgbImage {
  const data = new Uint8Array(width * height * 3);
  let state = 1;
  for (let i = 0; i < data.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    data[i] = state >>> 24;
  }
  return { data, width, height };
}

/** A copy of part of an image. */
export function cropped(image: RgbImage, left: number, top: number, width: number, height: number): RgbImage {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    const from = ((top + y) * image.width + left) * 3;
    data.set(image.data.subarray(from, from + width * 3), y * width * 3);
  }
  return { data, width, height };
}

export function sha256(content: NodeJS.ArrayBufferView): string {
  return createHash('sha256').update(content).digest('hex');
}
