import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Worker } from 'node:worker_threads';

import {
  add,
  cast,
  engine,
  grads,
  matMul,
  mul,
  reshape,
  slice,
  softmax,
  sub,
  tensor,
  tidy,
} from '@tensorflow/tfjs-core';
import type { Tensor, Tensor2D, Tensor3D, Tensor4D } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { ArgumentError } from '../../../src/errors.ts';
import { probeBackends } from '../../../src/tensor/backends/index.ts';
import { loadAddon } from '../../../src/tensor/backends/native/addon.ts';
import { native } from '../../../src/tensor/backends/native/index.ts';
import { attention, attentionWithWeights } from '../../../src/tensor/ops/attention.ts';
import { gelu } from '../../../src/tensor/ops/gelu.ts';
import { layerNorm } from '../../../src/tensor/ops/layer-norm.ts';
import { linear } from '../../../src/tensor/ops/linear.ts';
import { product as productOp } from '../../../src/tensor/ops/product.ts';
import { inPrecision, PRECISIONS } from '../../../src/tensor/precision.ts';
import type { Precision } from '../../../src/tensor/precision.ts';
import { toBfloat16 } from '../../support/bfloat16.ts';

/** Rounding of float32 sums of some hundred products of order one. */
const SUMS = { atol: 2e-5, rtol: 1e-5 };

const probe = (await probeBackends()).find(({ name }) => name === 'native');
const loads = probe?.status === 'loads';
const INSTRUCTION_SETS = loads ? loadAddon().instructionSets() : [];

describe.skipIf(!loads)(`native${probe?.status === 'loads' ? '' : `: ${probe?.reason}`}`, () => {
  const forced = process.env['PATCHLENS_ISA'];

  afterAll(async () => {
    use(forced);
    await native.load({});
  });

  for (const instructionSet of INSTRUCTION_SETS) {
    describe(`with ${instructionSet}`, () => {
      beforeAll(async () => {
        use(instructionSet);
        await native.load({ threads: 2 });
        poison();
      });

      test('it says which instruction set and how many threads compute', async () => {
        const { threads, automatic, detail } = await native.load({ threads: 2 });
        expect({ threads, automatic }).toEqual({
          threads: 2,
          automatic: instructionSet.startsWith('amx') ? 'bf16x3' : 'f32',
        });
        expect(detail).toMatch(new RegExp(`^C\\+\\+ kernels, ${instructionSet}( \\(.+\\))?, ${automatic}, 2 threads$`));
      });

      // One row, odd sizes, several blocks of depth, rows and columns, and nothing at all.
      const products = [
        [1, 1, 1],
        [1, 769, 101],
        [7, 13, 17],
        [251, 31, 37],
        [3, 523, 2],
        [0, 5, 3],
        [2, 0, 3],
      ] as const;
      for (const [M, K, N] of products) {
        test(`linear [${M}, ${K}]·[${K}, ${N}] with bias and residual agrees with float64`, () => {
          const [x, w, b, r] = [random([M, K]), random([K, N]), random([N]), random([M, N])];
          const y = valuesOf(() => linear(x(), w(), { bias: b(), residual: r() }));
          const [bias, residual] = [b.values, r.values];
          const expected = product(x.values, w.values, M, K, N).map((sum, i) => sum + bias[i % N]! + residual[i]!);
          expect(y).toBeCloseToArray(expected, SUMS);
        });
      }

      test('in bf16 a product of operands that are bfloat16 is exact, and others are rounded to even first', () => {
        const run = (): number[] => [
          ...valuesOf(() =>
            inPrecision('bf16', () => linear(tensor([[1 + 2 ** -8], [1 + 3 * 2 ** -8], [-3]]), tensor([[1]]))),
          ),
        ];
        expect(run()).toEqual([1, 1 + 2 ** -6, -3]);
      });

      for (const [precision, tolerance] of [
        ['bf16x3', 2e-5],
        ['bf16', 2 ** -7],
      ] as const) {
        test(`linear and attention in ${precision} come as near to float32 as its operands do`, () => {
          const [x, w] = [random([1, 53, 96]), random([96, 96])];
          const run = (chosen: Precision): Float32Array =>
            valuesOf(() =>
              inPrecision(chosen, () => {
                const h = linear(x() as Tensor3D, w());
                return attention(h, h, h, { numHeads: 3 });
              }),
            );
          const exact = run('f32');
          const scale = Math.max(...exact.map(Math.abs));
          const rounded = run(precision);
          expect(rounded).not.toEqual(exact);
          expect(rounded).toBeCloseToArray(exact, { atol: tolerance * scale });
        });
      }

      for (const [transposeA, transposeB] of [
        [false, false],
        [false, true],
        [true, false],
        [true, true],
      ] as const) {
        test(`matMul broadcasts batches, transposeA ${transposeA}, transposeB ${transposeB}`, () => {
          const [M, K, N] = [7, 401, 11];
          const a = random(transposeA ? [3, 1, K, M] : [3, 1, M, K]);
          const b = random(transposeB ? [5, N, K] : [5, K, N]);
          const y = valuesOf(() => matMul(a(), b(), transposeA, transposeB));
          const expected = Array.from({ length: 15 }, (_, i) => {
            const left = a.values.subarray(Math.floor(i / 5) * M * K, (Math.floor(i / 5) + 1) * M * K);
            const right = b.values.subarray((i % 5) * K * N, ((i % 5) + 1) * K * N);
            return [...product(transposeA ? flip(left, K, M) : left, transposeB ? flip(right, N, K) : right, M, K, N)];
          });
          expect(y).toBeCloseToArray(expected.flat(), SUMS);
        });

        test.each(PRECISIONS)(
          `the product of two matrices in %s is that of its operands, transposeA ${transposeA}, transposeB ${transposeB}`,
          (precision) => {
            const [M, K, N] = [37, 101, 43];
            const [a, b] = [random(transposeA ? [K, M] : [M, K]), random(transposeB ? [N, K] : [K, N])];
            const y = valuesOf(() =>
              inPrecision(precision, () => productOp(a() as Tensor2D, b() as Tensor2D, { transposeA, transposeB })),
            );
            // The products that bf16x3 leaves out are below 2⁻¹⁶ of the largest.
            const [left, right] = [a, b].map(({ values }) => (precision === 'bf16' ? toBfloat16(values) : values));
            const rows = transposeA ? flip(left!, K, M) : left!;
            const expected = product(rows, transposeB ? flip(right!, N, K) : right!, M, K, N);
            expect(y).toBeCloseToArray([...expected], precision === 'bf16x3' ? { atol: 2e-4, rtol: 1e-5 } : SUMS);
          },
        );
      }

      test('the gradients of linear multiply in the precision too, and matMul does not', () => {
        const [x, w, dy] = [random([19, 33]), random([33, 21]), random([19, 21])];
        const run = (precision: Precision): Float32Array[] =>
          tidy(() =>
            inPrecision(precision, () => {
              const of = grads((...[rows, kernel]: Tensor[]) => linear(rows as Tensor2D, kernel!));
              return [...of([x(), w()], dy()), matMul(x(), w())].map((y) => Float32Array.from(y.dataSync()));
            }),
          );
        const [dx, dw, y] = run('bf16');
        const [left, right, upstream] = [x, w, dy].map(({ values }) => toBfloat16(values));
        expect(dx).toBeCloseToArray([...product(upstream!, flip(right!, 33, 21), 19, 21, 33)], SUMS);
        expect(dw).toBeCloseToArray([...product(flip(left!, 19, 33), upstream!, 33, 19, 21)], SUMS);
        expect(y).toEqual(run('f32')[2]);
      });

      test('add, sub and mul broadcast as the stock kernels do', () => {
        const [a, b] = [random([2, 1, 7, 5, 1]), random([3, 1, 1, 11])];
        const [sums, differences, products_] = tidy(() => {
          const [x, y] = [a(), b()];
          return [add(x, y), sub(x, y), mul(x, y)].map((result) => {
            expect(result.shape).toEqual([2, 3, 7, 5, 11]);
            return result.dataSync<'float32'>();
          });
        });
        const pairs = Array.from({ length: 2 * 3 * 7 * 5 * 11 }, (_, i) => {
          const [inA, outer] = [Math.floor(i / 11) % 35, Math.floor(i / (35 * 11))];
          return [a.values[Math.floor(outer / 3) * 35 + inA]!, b.values[(outer % 3) * 11 + (i % 11)]!] as const;
        });
        expect(sums).toBeCloseToArray(
          pairs.map(([x, y]) => Math.fround(x + y)),
          { atol: 0 },
        );
        expect(differences).toBeCloseToArray(
          pairs.map(([x, y]) => Math.fround(x - y)),
          { atol: 0 },
        );
        expect(products_).toBeCloseToArray(
          pairs.map(([x, y]) => Math.fround(x * y)),
          { atol: 0 },
        );
      });

      test('a NaN reaches all that depends on it and nothing else', () => {
        const x = random([5, 19]);
        const holed = (): Tensor =>
          tensor(
            x.values.map((value, i) => (i === 2 * 19 + 18 ? NaN : value)),
            [5, 19],
          );
        const [w, one] = [random([19, 23]), random([19])];
        const nanRows = (y: Float32Array): boolean[] =>
          Array.from({ length: 5 }, (_, r) => Number.isNaN(y[(r * y.length) / 5]));
        const onlyThird = [false, false, true, false, false];
        expect(nanRows(valuesOf(() => linear(holed(), w())))).toEqual(onlyThird);
        expect(nanRows(valuesOf(() => layerNorm(holed(), one(), one(), 1e-6)))).toEqual(onlyThird);
        expect(nanRows(valuesOf(() => softmax(holed())))).toEqual(onlyThird);
        expect(valuesOf(() => gelu(holed())).filter(Number.isNaN)).toHaveLength(1);
        const queries = (): Tensor3D => reshape(holed(), [1, 5, 19]) as Tensor3D;
        const keys = (): Tensor3D => reshape(x(), [1, 5, 19]) as Tensor3D;
        expect(nanRows(valuesOf(() => attention(queries(), keys(), keys(), { numHeads: 1 })))).toEqual(onlyThird);
      });

      test('a row of scores with +∞, or of −∞ alone, gives NaN throughout; a single −∞ gives exactly nothing', () => {
        const rows = [
          [0, Infinity, 0],
          [-Infinity, -Infinity, -Infinity],
          [0, -Infinity, 0],
        ];
        const zeros = (): Tensor3D => tensor(new Float32Array(3), [1, 3, 1]) as Tensor3D;
        const weights = tidy(() => {
          const mask = tensor(rows.flat(), [1, 1, 3, 3]) as Tensor4D;
          return attentionWithWeights(zeros(), zeros(), zeros(), { numHeads: 1, mask }).weights.dataSync();
        });
        expect([...weights]).toEqual([NaN, NaN, NaN, NaN, NaN, NaN, 0.5, 0, 0.5]);
      });
    });
  }

  test('one and two threads give the same bits', async () => {
    use(forced);
    const [x, w, b] = [random([1, 211, 199]), random([199, 199]), random([199])];
    const run = (): Float32Array =>
      valuesOf(() => {
        const h = linear(x() as Tensor3D, w(), { bias: b(), activation: 'gelu' });
        return matMul(attention(h, h, h, { numHeads: 1 }), h, true, false);
      });
    const tall = random([1031, 37]);
    const runTall = (): Float32Array =>
      valuesOf(() => productOp(tall() as Tensor2D, tall() as Tensor2D, { transposeA: true }));
    await native.load({ threads: 1 });
    const one = [run(), runTall()];
    await native.load({ threads: 2 });
    expect([run(), runTall()]).toEqual(one);
  });

  describe('memory', () => {
    beforeAll(async () => {
      use(forced);
      await native.load({ threads: 2 });
    });

    test('values that were read out stay as they were when their tensor is disposed of', () => {
      const x = random([31, 37]);
      const first = valuesOf(() => gelu(x()));
      const before = first.slice();
      for (let i = 0; i < 3; i += 1) valuesOf(() => gelu(mul(x(), 2)));
      expect(first).toEqual(before);
    });

    test('a slice stays as it was when the tensor it was cut from is disposed of', () => {
      const x = random([31, 37]);
      const whole = tidy(() => gelu(x()));
      const row = slice(whole, [3, 0], [1, 37]);
      const expected = valuesOf(() => gelu(x())).slice(3 * 37, 4 * 37);
      whole.dispose();
      for (let i = 0; i < 3; i += 1) valuesOf(() => gelu(mul(x(), 2)));
      expect(row.dataSync()).toEqual(expected);
      row.dispose();
    });

    test('whole numbers cast to float32 are read as numbers', () => {
      const y = valuesOf(() => linear(cast(tensor([1, 2], [1, 2], 'int32'), 'float32'), tensor([3, 4], [2, 1])));
      expect([...y]).toEqual([11]);
    });

    test('products of whole numbers keep to the stock kernel', () => {
      const [values, dtype] = tidy(() => {
        const y = add(tensor([1], [1], 'int32'), tensor([2], [1], 'int32'));
        return [[...y.dataSync()], y.dtype];
      });
      expect([values, dtype]).toEqual([[3], 'int32']);
    });

    test('an operand that is not float32 is refused by name', () => {
      expect(() => tidy(() => linear(tensor([1, 2], [1, 2], 'int32'), tensor([1, 2], [2, 1])))).toThrow(
        new ArgumentError('linear x: expected a float32 tensor, got int32. Cast it first.'),
      );
    });

    test('ten thousand forward passes leave it flat, packed weights of new tensors included', () => {
      const [x, w, scale] = [random([1, 5, 32]), random([32, 32]), random([32])];
      const pass = (): void => {
        tidy(() => {
          const h = layerNorm(linear(x() as Tensor3D, w(), { activation: 'gelu' }), scale(), scale(), 1e-6);
          return add(attention(h, h, h, { numHeads: 2 }), h).dataSync();
        });
      };
      const tensors = engine().state.numTensors;
      for (let i = 0; i < 500; i += 1) pass();
      const before = bytesInUse();
      for (let i = 0; i < 10_000; i += 1) pass();
      // A pass makes 20 KB of arrays: one in ten kept would be 20 MB. The heap itself wanders by 2 MB on a busy machine.
      expect(bytesInUse() - before).toBeLessThan(8e6);
      expect(engine().state.numTensors).toBe(tensors);
    });
  });

  test('two worker threads compute at once, each with its own results', async () => {
    const results = await Promise.all([workerProducts(1), workerProducts(2)]);
    expect(results).toEqual([1 * 64 * 50, 2 * 64 * 50]);
  });

  test('an instruction set that is not there is refused with those that are', async () => {
    use('mmx');
    await expect(native.load({})).rejects.toThrow(
      new ArgumentError(`PATCHLENS_ISA: expected one of ${INSTRUCTION_SETS.join(', ')} on this processor, got mmx`),
    );
    use(forced);
  });
});

function use(instructionSet: string | undefined): void {
  if (instructionSet === undefined) delete process.env['PATCHLENS_ISA'];
  else process.env['PATCHLENS_ISA'] = instructionSet;
}

/** Leaves arrays full of NaN where outputs of common sizes will be taken from. */
function poison(): void {
  const sizes = [1, 3, 6, 34, 37, 57, 95, 101, 115, 119, 9287];
  tidy(() => {
    for (const size of sizes) for (let i = 0; i < 4; i += 1) gelu(tensor(new Float32Array(size).fill(NaN)));
  });
}

interface RandomTensor {
  (): Tensor;
  readonly values: Float32Array;
}

type Floats = Float32Array | Float64Array;

let seed = 1;
/** Float32 values in −1…1 from a linear congruential generator (Numerical Recipes); the tensor is made on each call. */
function random(shape: number[]): RandomTensor {
  const values = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return seed / 2 ** 31 - 1;
  });
  return Object.assign(() => tensor(values.slice(), shape), { values });
}

function valuesOf(run: () => Tensor): Float32Array {
  return tidy(() => run().dataSync<'float32'>());
}

/** [M, K]·[K, N] in float64. */
function product(a: Floats, b: Floats, M: number, K: number, N: number): Float64Array {
  const out = new Float64Array(M * N);
  for (let m = 0; m < M; m += 1) {
    for (let k = 0; k < K; k += 1) {
      for (let n = 0; n < N; n += 1) out[m * N + n]! += a[m * K + k]! * b[k * N + n]!;
    }
  }
  return out;
}

function flip(x: Floats, rows: number, columns: number): Float32Array {
  return Float32Array.from(x, (_, i) => x[(i % rows) * columns + Math.floor(i / rows)]!);
}

/** After a full collection. */
function bytesInUse(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** The sum of fifty products of a row of 64 times `factor` with a column of ones, in a thread of its own. */
function workerProducts(factor: number): Promise<number> {
  const code = `
    const { parentPort, workerData } = require('node:worker_threads');
    const addon = require(workerData.file);
    addon.select(0, 2);
    const [M, K, N] = [512, 64, 64];
    const x = new Float32Array(M * K).fill(workerData.factor);
    const packed = new Float32Array(addon.packedLength(K, N, 0));
    addon.pack(new Float32Array(K * N).fill(1), packed, K, N, 0);
    let sum = 0;
    for (let i = 0; i < 50; i += 1) {
      const out = new Float32Array(M * N);
      addon.linear(x, packed, null, null, out, Int32Array.of(M, N, K), 0, 0);
      if (out.some((value) => value !== out[0])) throw new Error('mixed results');
      sum += out[0];
    }
    parentPort.postMessage(sum);`;
  const file = fileURLToPath(new URL('../../../src/tensor/backends/native/patchlens.node', import.meta.url));
  const worker = new Worker(code, { eval: true, workerData: { file, factor } });
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}
