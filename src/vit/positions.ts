import type { PositionEncoding, ViTConfig } from '../weights/architecture.ts';
import type { NamedArray } from '../weights/arrays.ts';
import { geometryOf } from './geometry.ts';
import type { Geometry } from './geometry.ts';
import { resamplePositions } from './resample-positions.ts';
import { sinCos1d, sinCos2d } from './sin-cos.ts';

/**
 * Learned positions [1, numPrefix + N, D] of one image size, brought to another: the prefix is kept, the grid resampled by
 * the family's own method. `from` and `to` differ in `imageSize` alone.
 */
export function positionsAt(positions: NamedArray, from: ViTConfig, to: ViTConfig): NamedArray {
  const { positions: encoding, dim: D } = from;
  const source = geometryOf(from);
  const target = geometryOf(to);
  if (encoding.kind !== 'learned' || (source.Gh === target.Gh && source.Gw === target.Gw)) return positions;
  const numPositions = encoding.numPrefix + target.numPatches;
  const split = encoding.numPrefix * D;
  const data = new Float32Array(numPositions * D);
  data.set(positions.data.subarray(0, split));
  data.set(resamplePositions(positions.data.subarray(split), source, target, encoding.resample), split);
  return { shape: [1, numPositions, D], data };
}

/** Fixed position vectors [1, prefix + N, D]; undefined where the encoding has none. Prefix tokens get zeros. */
export function fixedPositions(config: ViTConfig): NamedArray | undefined {
  const geometry = geometryOf(config);
  const grid = fixedGrid(config.positions, geometry, config.dim);
  if (grid === undefined) return undefined;
  const data = new Float32Array(geometry.numTokens * config.dim);
  data.set(grid, geometry.numPrefixTokens * config.dim);
  return { shape: [1, geometry.numTokens, config.dim], data };
}

function fixedGrid(encoding: PositionEncoding, { Gh, Gw }: Geometry, D: number): Float32Array | undefined {
  switch (encoding.kind) {
    case 'sincos-1d':
      return sinCos1d(Gh * Gw, D);
    case 'sincos-2d':
      return sinCos2d(Gh, Gw, D);
    case 'learned':
    case 'relative':
    case 'relative-quadratic':
    case 'rotary-2d':
    case 'none':
      return undefined;
  }
}
