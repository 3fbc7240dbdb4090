import { describe, expect, test } from 'vitest';

import { ACTIVATION_CODES } from '../../../src/tensor/backends/wasm/activation-codes.ts';
import { loadKernels } from '../../../src/tensor/backends/wasm/kernels.ts';

/** Rounding of float32 sums of `terms` products of order one. */
const sumOf = (terms: number): { atol: number } => ({ atol: 2e-7 * Math.max(4, terms) });
/** One rounding of the result, and the error of the gate times x. */
const GELU_TOLERANCE = { atol: 3e-7, rtol: 2e-7 };
const GUARD = 16;

const memory = new WebAssembly.Memory({ initial: 256 });
const { kernels } = await loadKernels(memory);

describe('the kernels write all of their output, nothing else, and read only their operands', () => {
  // K passes one block of depth and fills two to the brim, N one block of columns, M one block of rows.
  const products = [
    [1, 1, 1],
    [0, 3, 5],
    [2, 0, 3],
    [4, 8, 8],
    [5, 7, 11],
    [3, 768, 9],
    [13, 1549, 17],
    [241, 31, 137],
  ] as const;

  for (const [M, K, N] of products) {
    test(`linear [${M}, ${K}]·[${K}, ${N}] with bias and residual`, () => {
      const [x, w, b, r] = [random(M * K), random(K * N), random(N), random(M * N)];
      const expected = product(x, w, M, N, K).map((sum, i) => sum + b[i % N]! + r[i]!);
      forEachLast([x, w, b, r, M * N, scratchFor(K, N)], ([px, pw, pb, pr, out, scratch]) => {
        kernels.linear(px!, pw!, pb!, pr!, out!, M, N, K, ACTIVATION_CODES.none, scratch!);
        expect(floatsAt(out!, M * N)).toBeCloseToArray(expected, sumOf(K));
      });
    });

    test(`multiply [${M}, ${K}]·[${N}, ${K}]ᵀ`, () => {
      const [a, b] = [random(M * K), random(N * K)];
      const expected = product(a, transposed(b, N, K), M, N, K);
      forEachLast([a, b, M * N, scratchFor(K, N)], ([pa, pb, out, scratch]) => {
        kernels.multiply(pa!, K * 4, pb!, K * 4, true, out!, M, N, K, scratch!);
        expect(floatsAt(out!, M * N)).toBeCloseToArray(expected, sumOf(K));
      });
    });
  }

  test('transpose', () => {
    const x = random(7 * 13);
    forEachLast([x, 7 * 13], ([px, out]) => {
      kernels.transpose(px!, out!, 7, 13);
      expect([...floatsAt(out!, 7 * 13)]).toEqual([...transposed(x, 7, 13)]);
    });
  });

  for (const D of [1, 3, 4, 7, 193]) {
    test(`layerNorm over ${D}`, () => {
      const [x, scale, bias] = [random(5 * D), random(D), random(D)];
      forEachLast([x, scale, bias, 5 * D], ([px, ps, pb, out]) => {
        kernels.layerNorm(px!, ps!, pb!, out!, 5, D, 1e-3);
        expect(floatsAt(out!, 5 * D)).toBeCloseToArray(normalised(x, scale, bias, D, 1e-3), { atol: 2e-6 });
      });
    });
  }

  for (const size of [0, 1, 5, 8, 23]) {
    test(`activation of ${size} values`, () => {
      const x = random(size);
      forEachLast([x, size], ([px, out]) => {
        kernels.activate(px!, out!, size, ACTIVATION_CODES.gelu);
        expect(floatsAt(out!, size)).toBeCloseToArray(x.map(gelu), GELU_TOLERANCE);
      });
    });
  }

  for (const [Nq, Nk, Dh, Dvh] of [
    [1, 1, 1, 1],
    [3, 5, 7, 2],
    [29, 13, 3, 11],
    [53, 37, 17, 9],
  ] as const) {
    for (const options of ['mask and weights', 'neither'] as const) {
      test(`attention of ${Nq} queries and ${Nk} keys, widths ${Dh} and ${Dvh}, ${options}`, () => {
        const extra = options === 'neither' ? 0 : Nq * Nk;
        const [q, k, v, mask] = [random(Nq * Dh), random(Nk * Dh), random(Nk * Dvh), random(extra)];
        // Between the rows of each lies something else.
        const [wideQ, wideK, wideV] = [spread(q, Dh, Dh + 3), spread(k, Dh, Dh + 3), spread(v, Dvh, Dvh + 5)];
        const weights = softmaxRows(product(q, transposed(k, Nk, Dh), Nq, Nk, Dh), extra === 0 ? undefined : mask, Nk);
        const scratchFloats = kernels.attentionScratchBytes(Nk, Dh, Dvh) / 4;
        forEachLast(
          [wideQ, wideK, wideV, mask, Nq * Dvh, extra, scratchFloats],
          ([pq, pk, pv, pm, out, pw, scratch]) => {
            const [maskAt, weightsAt] = extra === 0 ? [0, 0] : [pm!, pw!];
            kernels.attendHead(
              ...([
                pq!,
                pk!,
                pv!,
                maskAt,
                out!,
                weightsAt,
                (Dh + 3) * 4,
                (Dvh + 5) * 4,
                Dvh * 4,
                Nq,
                Nk,
                Dh,
                Dvh,
                0.7,
                scratch!,
              ] as const),
            );
            expect(floatsAt(pw!, extra)).toBeCloseToArray(extra === 0 ? [] : weights, { atol: 1e-6 });
            expect(floatsAt(out!, Nq * Dvh)).toBeCloseToArray(product(weights, v, Nq, Dvh, Nk), { atol: 4e-6 });
          },
        );
      });
    }
  }
});

describe('the activations', () => {
  const x = Float64Array.from({ length: 40_001 }, (_, i) => Math.fround((i - 20_000) / 1000));
  const forms = {
    relu: (v: number) => Math.max(v, 0),
    gelu,
    'gelu-tanh': (v: number) => v * 0.5 * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (v + 0.044715 * v ** 3))),
    'gelu-quick': (v: number) => v / (1 + Math.exp(-1.702 * v)),
  };

  for (const [form, exact] of Object.entries(forms) as [keyof typeof forms, (v: number) => number][]) {
    test(`${form} agrees with float64 on −20…20`, () => {
      expect(activated(x, form)).toBeCloseToArray(x.map(exact), GELU_TOLERANCE);
    });

    test(`${form} of NaN is NaN, of +∞ is +∞, of huge values what it is in the limit`, () => {
      expect(activated([NaN, Infinity, 3e38, -1e20], form)).toBeCloseToArray([NaN, Infinity, Math.fround(3e38), 0], {
        atol: 0,
      });
    });
  }

  test('gelu keeps the digits of its small negative tail', () => {
    // gelu(−5) and gelu(−10) to 30 digits; 1 + erf(x/√2) in float32 gives 0 for the second.
    expect(activated([-5, -10], 'gelu')).toBeCloseToArray([-1.4332578593959697e-6, -7.619853024160526e-23], {
      atol: 0,
      rtol: 1e-5,
    });
  });
});

describe('softmax in attention', () => {
  const row = (scores: number[]): number[] => {
    const Nk = scores.length;
    const at = place([
      [1],
      scores.map(() => 0),
      scores.map(() => 0),
      scores,
      1,
      Nk,
      kernels.attentionScratchBytes(Nk, 1, 1) / 4,
    ]);
    kernels.attendHead(at[0]!, at[1]!, at[2]!, at[3]!, at[4]!, at[5]!, 4, 4, 4, 1, Nk, 1, 1, 1, at[6]!);
    return [...floatsAt(at[5]!, Nk)];
  };

  test('a key at −∞ gets exactly nothing', () => {
    expect(row([0, -Infinity, 0])).toEqual([0.5, 0, 0.5]);
  });
  test('huge scores do not overflow', () => {
    expect(row([3e38, -3e38, 3e38, -200, -3e38])).toEqual([0.5, 0, 0.5, 0, 0]);
  });
  test.each([
    ['a NaN', [1, NaN, 2]],
    ['+∞', [Infinity, 1, 2, 3, 4]],
    ['nothing but −∞', [-Infinity, -Infinity]],
  ])('a row with %s is NaN throughout', (_, scores) => {
    expect(row(scores)).toEqual(scores.map(() => NaN));
  });
});

test('layerNorm keeps its accuracy under a large common offset', () => {
  const D = 191;
  const x = random(D).map((v) => Math.fround(1e4 + v));
  const one = new Float64Array(D).fill(1);
  const zero = new Float64Array(D);
  const [px, ps, pb, out] = place([x, one, zero, D]);
  kernels.layerNorm(px!, ps!, pb!, out!, 1, D, 1e-6);
  expect(floatsAt(out!, D)).toBeCloseToArray(normalised(x, one, zero, D, 1e-6), { atol: 1e-6, rtol: 1e-6 });
});

/** Operands to fill in, or the number of floats to leave poisoned with NaN. */
type Operand = ArrayLike<number> | number;

/** Runs `body` once for each operand placed against the end of the memory, where reading past it traps. */
function forEachLast(operands: readonly Operand[], body: (offsets: readonly number[]) => void): void {
  for (let last = 0; last < operands.length; last += 1) {
    const order = [last, ...operands.keys()].filter((operand, i, all) => all.indexOf(operand) === i);
    const placed = place(order.map((operand) => operands[operand]!));
    body(operands.map((_, operand) => placed[order.indexOf(operand)]!));
    expectGuardsIntact(
      order.map((operand) => operands[operand]!),
      placed,
    );
  }
}

/** Lays operands out from the end of the memory downwards with guards between; everything else is NaN. */
function place(operands: readonly Operand[]): number[] {
  const floats = new Float32Array(memory.buffer).fill(NaN);
  let end = floats.length;
  return operands.map((operand) => {
    const start = end - lengthOf(operand);
    if (typeof operand !== 'number') floats.set(operand, start);
    end = start - GUARD;
    return start * 4;
  });
}

function expectGuardsIntact(operands: readonly Operand[], offsets: readonly number[]): void {
  for (const [i, offset] of offsets.entries()) {
    const before = floatsAt(offset - GUARD * 4, GUARD);
    expect(before.every(Number.isNaN), `guard before operand ${i} of ${operands.length}`).toBe(true);
    const operand = operands[i]!;
    if (typeof operand === 'number') continue;
    expect([...floatsAt(offset, operand.length)], `operand ${i} unchanged`).toEqual(Array.from(operand, Math.fround));
  }
}

function lengthOf(operand: Operand): number {
  return typeof operand === 'number' ? operand : operand.length;
}

function floatsAt(offset: number, length: number): Float32Array {
  return new Float32Array(memory.buffer, offset, length);
}

function scratchFor(K: number, N: number): number {
  return kernels.multiplyScratchBytes(K, N) / 4;
}

function activated(x: ArrayLike<number>, form: keyof typeof ACTIVATION_CODES): Float32Array {
  const [px, out] = place([x, x.length]);
  kernels.activate(px!, out!, x.length, ACTIVATION_CODES[form]);
  return floatsAt(out!, x.length);
}

let seed = 1;
/** Float32 values in −1…1 from a linear congruential generator (Numerical Recipes). */
/** Rows of `width` values, `stride` apart, from the first value to the last. */
function spread(rows: Float64Array, width: number, stride: number): Float64Array {
  const count = rows.length / width;
  const wide = new Float64Array((count - 1) * stride + width).fill(Number.NaN);
  for (let row = 0; row < count; row += 1) wide.set(rows.subarray(row * width, (row + 1) * width), row * stride);
  return wide;
}

function random(length: number): Float64Array {
  return Float64Array.from({ length }, () => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.fround(seed / 2 ** 31 - 1);
  });
}

/** [M, K]·[K, N] in float64. */
function product(a: Float64Array, b: Float64Array, M: number, N: number, K: number): Float64Array {
  const out = new Float64Array(M * N);
  for (let m = 0; m < M; m += 1) {
    for (let n = 0; n < N; n += 1) {
      for (let k = 0; k < K; k += 1) out[m * N + n]! += a[m * K + k]! * b[k * N + n]!;
    }
  }
  return out;
}

function transposed(x: Float64Array, rows: number, columns: number): Float64Array {
  return Float64Array.from(x, (_, i) => x[(i % rows) * columns + Math.floor(i / rows)]!);
}

/** Softmax of 0.7·scores + mask. */
function softmaxRows(scores: Float64Array, mask: Float64Array | undefined, Nk: number): Float64Array {
  const e = scores.map((score, i) => Math.exp(0.7 * score + (mask?.[i] ?? 0)));
  return e.map((value, i) => {
    const start = i - (i % Nk);
    return value / e.subarray(start, start + Nk).reduce((a, b) => a + b, 0);
  });
}

function normalised(
  x: Float64Array,
  scale: Float64Array,
  bias: Float64Array,
  D: number,
  epsilon: number,
): Float64Array {
  return x.map((value, i) => {
    const row = x.subarray(i - (i % D), i - (i % D) + D);
    const mean = row.reduce((a, b) => a + b, 0) / D;
    const variance = row.reduce((a, b) => a + (b - mean) ** 2, 0) / D;
    return ((value - mean) / Math.sqrt(variance + epsilon)) * scale[i % D]! + bias[i % D]!;
  });
}

/** x·Φ(x), Φ by Marsaglia's series ½ + φ(x)·(x + x³/3 + x⁵/(3·5) + …), which is exact to float64 below 8. */
function gelu(x: number): number {
  if (Math.abs(x) > 8) return Math.max(x, 0);
  let term = x;
  let sum = x;
  for (let n = 3; Math.abs(term) > 1e-18; n += 2) {
    term *= (x * x) / n;
    sum += term;
  }
  return x * (0.5 + (sum * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI));
}
