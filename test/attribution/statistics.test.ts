import { describe, expect, test } from 'vitest';

import { gradCam } from '../../src/attribution/grad-cam.ts';
import { headStatistics } from '../../src/attribution/head-statistics.ts';
import { principalComponents } from '../../src/attribution/principal-components.ts';
import { cosineSimilarity, highNorms, rowNorms } from '../../src/attribution/similarity.ts';

const FLOAT = { atol: 1e-6 };

describe('statistics of heads', () => {
  const grid = { Gh: 1, Gw: 2, prefix: ['class'] };
  const weights = (data: number[]) => ({ numHeads: 1, numTokens: 3, data: Float32Array.from(data) });

  test('distance is in pixels, among patches: what goes to the class token does not shorten it', () => {
    // Half of each row goes to the class token, the other half to the neighbour: renormalised, one whole patch.
    const half = weights([1, 0, 0, 0.5, 0, 0.5, 0.5, 0.5, 0]);
    const [statistics] = headStatistics(half, grid, { layer: 4, patchSize: 16 });
    expect(statistics).toMatchObject({ layer: 4, head: 0, distance: 16, prefixShares: { class: 0.5 } });
    expect(statistics!.entropy).toBeCloseTo(Math.log(2), 6);
  });

  test('distances are Euclidean on a grid that is no square', () => {
    // The patch at 0,0 looks at 1,2 alone; all others at themselves.
    const data = Array.from({ length: 36 }, (_, i) => Number(i % 7 === 0));
    data[0] = 0;
    data[5] = 1;
    const matrices = { numHeads: 1, numTokens: 6, data: Float32Array.from(data) };
    const [statistics] = headStatistics(matrices, { Gh: 2, Gw: 3, prefix: [] }, { layer: 0, patchSize: 14 });
    expect(statistics!.distance).toBeCloseTo((14 * Math.hypot(1, 2)) / 6, 6);
    expect(statistics!.entropy).toBe(0);
  });

  test('a head whose patches see no patch has no distance', () => {
    const sink = weights([1, 0, 0, 1, 0, 0, 1, 0, 0]);
    expect(headStatistics(sink, grid, { layer: 0, patchSize: 16 })[0]!.distance).toBe(0);
  });
});

describe('vectors of tokens', () => {
  test('similarity is the cosine', () => {
    expect(cosineSimilarity(Float32Array.of(3, 4, 4, -3, -6, -8, 0, 0), 2, 0)).toBeCloseToArray([1, 0, -1, 0], FLOAT);
    expect([...rowNorms(Float32Array.of(3, 4, 0, 0), 2)]).toEqual([5, 0]);
  });

  test('high norms stand out from the others', () => {
    expect(highNorms([10, 11, 9, 10, 50, 12, 10])).toEqual([4]);
    expect(highNorms([1, 1, 1, 1, 9])).toEqual([]);
  });

  test.each([
    ['more rows than columns', [2, 1, -2, -1, 4, 2, -4, -2], 2],
    ['fewer', [4, 2, 0, 0, -4, -2, 0, 0], 4],
  ])('principal components of points on a line: %s', (_, rows, D) => {
    const { components, shares, projections } = principalComponents(Float32Array.from(rows), D, 1);
    const direction = [2 / Math.sqrt(5), 1 / Math.sqrt(5), 0, 0].slice(0, D);
    expect(components).toBeCloseToArray(direction, FLOAT);
    expect(shares).toBeCloseToArray([1], FLOAT);
    expect(projections[0]).toBeCloseTo(Math.hypot(rows[0]!, rows[1]!), 6);
  });
});

test('Grad-CAM of two places and two channels, by hand', () => {
  // α = [(1 + 3)/2, (−1 + −1)/2] = [2, −1].
  expect([...gradCam(Float32Array.of(1, 1, 1, 5), Float32Array.of(1, -1, 3, -1), 2)]).toEqual([1, 0]);
});
