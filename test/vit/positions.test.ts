import { describe, expect, test } from 'vitest';

import { ArgumentError } from '../../src/errors.ts';
import { fixedPositions, positionsAt } from '../../src/vit/positions.ts';
import { resamplePositions } from '../../src/vit/resample-positions.ts';
import { sinCos1d, sinCos2d } from '../../src/vit/sin-cos.ts';
import { variant } from '../../src/vit/variants.ts';
import type { PositionResample } from '../../src/weights/architecture.ts';
import { readGoldens } from '../support/goldens.ts';

type GridSize = [rows: number, columns: number];
const goldens = readGoldens<{
  resampled: { from: GridSize; to: GridSize }[];
  sinCos: { length: number; width: number; rows: number; columns: number };
}>('position-embeddings');

describe('learned positions', () => {
  const LIBRARIES: [library: string, method: PositionResample, golden: string][] = [
    ['timm', 'bicubic-antialias', 'to'],
    ['transformers', 'bicubic', 'bicubic'],
    ['torchvision', 'bicubic-corners', 'corners'],
    ['scipy, in the JAX libraries,', 'bilinear-corners', 'zoom'],
  ];
  describe.each(LIBRARIES)('as %s resamples them', (_, method, golden) => {
    test.each(goldens.manifest.resampled)('from $from to $to', ({ from, to }) => {
      const name = `resampled/${from.join('x')}-${to.join('x')}`;
      const source = Float32Array.from(goldens.array(`${name}/from`).data);
      const grid = ([Gh, Gw]: GridSize): { Gh: number; Gw: number } => ({ Gh, Gw });
      // torch computes the weights in float32, patchlens in float64: up to 5e-6 apart on values of order one.
      const expected = goldens.array(`${name}/${golden}`).data;
      expect(resamplePositions(source, grid(from), grid(to), method)).toBeCloseToArray(expected, { atol: 1e-5 });
    });
  });

  const METHODS: PositionResample[] = ['bicubic-antialias', 'bicubic', 'bicubic-corners', 'bilinear-corners'];
  test.each(METHODS)('%s keeps a constant grid constant', (method) => {
    const resampled = resamplePositions(new Float32Array(15).fill(3), { Gh: 3, Gw: 5 }, { Gh: 7, Gw: 2 }, method);
    expect(resampled).toBeCloseToArray(Array(14).fill(3), { atol: 1e-6 });
  });

  test('bilinear by hand: the corners of two values stay corners of four', () => {
    const resampled = resamplePositions(Float32Array.of(0, 6), { Gh: 1, Gw: 2 }, { Gh: 1, Gw: 4 }, 'bilinear-corners');
    expect([...resampled]).toEqual([0, 2, 4, 6]);
  });

  test('the prefix keeps its own', () => {
    const size = (height: number, width: number): { imageSize: { height: number; width: number } } => ({
      imageSize: { height, width },
    });
    const from = variant('Ti', 16, { ...size(32, 32), dim: 2 });
    const positions = { shape: [1, 5, 2], data: Float32Array.of(7, 8, 1, 1, 1, 1, 1, 1, 1, 1) };
    const resampled = positionsAt(positions, from, { ...from, ...size(48, 32) });
    expect(resampled.shape).toEqual([1, 7, 2]);
    expect([...resampled.data.subarray(0, 2)]).toEqual([7, 8]);
    expect(resampled.data.subarray(2)).toBeCloseToArray(Array(12).fill(1), { atol: 1e-6 });
  });
});

describe('fixed positions', () => {
  const { length, width, rows, columns } = goldens.manifest.sinCos;
  const EXACT = { atol: 1e-7 };

  test('sin-cos 1-D interleaves sines and cosines', () => {
    expect(sinCos1d(length, width)).toBeCloseToArray(goldens.array('sin-cos/1d/interleaved').data, EXACT);
  });

  test('sin-cos 2-D has the layout of MAE', () => {
    expect(sinCos2d(rows, columns, width)).toBeCloseToArray(goldens.array('sin-cos/2d/mae').data, EXACT);
  });

  test('the class token gets zeros', () => {
    const config = variant('Ti', 16, { positions: { kind: 'sincos-2d' }, imageSize: { height: 16, width: 16 } });
    const fixed = fixedPositions(config);
    expect(fixed?.shape).toEqual([1, 2, 192]);
    expect(fixed?.data.subarray(0, 192).every((value) => value === 0)).toBe(true);
    expect([...(fixed?.data.subarray(192) ?? [])]).toEqual([...sinCos2d(1, 1, 192)]);
  });

  test('a width that cannot be shared is named', () => {
    expect(() => sinCos2d(2, 2, 6)).toThrow(
      new ArgumentError('sin-cos positions: expected a width that is a multiple of 4, got 6'),
    );
  });
});
