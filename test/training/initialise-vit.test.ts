import { Matrix } from 'ml-matrix';
import { describe, expect, test } from 'vitest';

import { balancedFactors } from '../../src/training/balanced-factors.ts';
import { initialViT, mimeticViT } from '../../src/training/initialise-vit.ts';
import { randomOf } from '../../src/training/random.ts';
import { sinCos2d } from '../../src/vit/sin-cos.ts';
import { variant } from '../../src/vit/variants.ts';

const [D, HEADS] = [48, 3];
const DH = D / HEADS;
const CONFIG = variant('Ti', 4, {
  imageSize: { height: 8, width: 12 },
  dim: D,
  depth: 2,
  numHeads: HEADS,
  numClasses: 3,
  mlp: { kind: 'plain', hiddenDim: 2 * D, activation: 'gelu' },
});

function columns(columnsOf: readonly Float32Array[]): Matrix {
  return new Matrix(columnsOf.map((column) => [...column])).transpose();
}

/** Of the numbers on the diagonal and of those beside it: their mean, and the square root of the mean of their squares. */
function statistics(product: Matrix) {
  const all = product.to1DArray().map((value, i) => ({ value, isDiagonal: i % (product.columns + 1) === 0 }));
  const of = (isDiagonal: boolean) => all.filter((entry) => entry.isDiagonal === isDiagonal).map(({ value }) => value);
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  return { diagonal: mean(of(true)), beside: mean(of(false)), noise: Math.sqrt(mean(of(false).map((v) => v * v))) };
}

describe('balanced factors', () => {
  test('of full rank have the product asked for, each with the roots of its singular values', () => {
    const { left, right } = balancedFactors(D, D, { chance: 0.4, identity: -0.4 }, randomOf(1));
    const [L, R] = [columns(left), columns(right)];
    const { diagonal, beside, noise } = statistics(L.mmul(R.transpose()));
    expect(diagonal).toBeCloseTo(-0.4, 1);
    expect(beside).toBeCloseTo(0, 2);
    expect(noise).toBeCloseTo(0.4 / Math.sqrt(D), 2);
    for (const factor of [L, R]) {
      const gram = factor.transpose().mmul(factor);
      expect(statistics(gram).noise).toBeLessThan(1e-6);
    }
    expect(L.transpose().mmul(L).diagonal()).toEqual(
      R.transpose()
        .mmul(R)
        .diagonal()
        .map((size) => expect.closeTo(size, 6)),
    );
  });

  test('of lower rank keep the greatest singular values', () => {
    const whole = balancedFactors(D, D, { chance: 0.7, identity: 0.7 }, randomOf(1));
    const some = balancedFactors(D, DH, { chance: 0.7, identity: 0.7 }, randomOf(1));
    expect(some.left).toEqual(whole.left.slice(0, DH));
    const norms = whole.right.map((column) => Math.hypot(...column));
    expect(norms).toEqual([...norms].toSorted((a, b) => b - a));
  });
});

describe('mimetic initialisation', () => {
  const values = mimeticViT(CONFIG, randomOf(3));
  const matrix = (name: string): Matrix =>
    Matrix.from1DArray(D, D, [...values.get(`blocks.1.attention.${name}.kernel`)!]);

  test('has queries and keys of a head that agree, and values that its output takes away', () => {
    for (let head = 0; head < HEADS; head += 1) {
      const ofHead = (name: string): Matrix => matrix(name).subMatrix(0, D - 1, head * DH, (head + 1) * DH - 1);
      const { diagonal, noise } = statistics(ofHead('query').mmul(ofHead('key').transpose()));
      expect(diagonal).toBeGreaterThan(3 * noise);
    }
    const { diagonal } = statistics(matrix('value').mmul(matrix('output')));
    expect(diagonal).toBeCloseTo(-0.4, 1);
  });

  test('has sines and cosines for positions, and everything else as usual', () => {
    expect(values.get('positions')!.subarray(D)).toEqual(sinCos2d(2, 3, D));
    const usual = initialViT(CONFIG, randomOf(3));
    const changed = /^(?:positions|blocks\.\d\.attention\.(?:query|key|value|output)\.kernel)$/;
    for (const [name, start] of usual) {
      if (changed.test(name)) expect(values.get(name), name).not.toEqual(start);
      else expect(values.get(name), name).toEqual(start);
    }
  });
});
