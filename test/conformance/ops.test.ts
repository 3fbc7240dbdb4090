import { grads, tensor, tidy } from '@tensorflow/tfjs-core';
import type { Tensor, Tensor3D, Tensor4D } from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';

import { attentionWithWeights, attention } from '../../src/tensor/ops/attention.ts';
import { gelu } from '../../src/tensor/ops/gelu.ts';
import type { GeluForm } from '../../src/tensor/ops/gelu.ts';
import { layerNorm } from '../../src/tensor/ops/layer-norm.ts';
import { linear } from '../../src/tensor/ops/linear.ts';
import type { Activation } from '../../src/tensor/ops/linear.ts';
import { describeBackends } from '../support/backends.ts';
import { readGoldens } from '../support/goldens.ts';
import type { GoldenArray } from '../support/goldens.ts';

/** Float32 arithmetic against torch in float64 on values of order one, sums of at most 17 terms. */
const FORWARD = { atol: 5e-6, rtol: 5e-6 };
/** Gradients add the rounding of two more products; those of ill-conditioned cases are scaled below. */
const BACKWARD = { atol: 2e-5, rtol: 2e-5 };

const goldens = readGoldens<{ cases: string[]; layerNormEpsilon: number }>('ops');

describeBackends('the ops agree with torch in float64', () => {
  for (const name of goldens.manifest.cases) {
    const check = CHECKS.find(([prefix]) => name.startsWith(prefix))?.[1];
    test(name, async () => {
      expect(check, `a check for ${name}`).toBeDefined();
      await check?.(name);
    });
  }
});

type Check = (name: string) => Promise<void>;

const CHECKS: readonly [prefix: string, check: Check][] = [
  ['linear', checkLinear],
  ['layer-norm', checkLayerNorm],
  ['gelu', checkGelu],
  ['attention', checkAttention],
];

async function checkLinear(name: string): Promise<void> {
  const activation: Activation = name.includes('gelu') ? 'gelu' : name.includes('relu') ? 'relu' : 'none';
  const inputs = ['x', 'weight', 'bias', 'residual'].filter((input) => goldens.has(`${name}/${input}`));
  const run = (x: Tensor, weight: Tensor, ...rest: Tensor[]): Tensor => {
    const bias = inputs.includes('bias') ? rest[0] : undefined;
    const residual = inputs.includes('residual') ? rest[bias ? 1 : 0] : undefined;
    return linear(x, weight, { bias, residual, activation });
  };
  await compare(name, inputs, run);
}

async function checkLayerNorm(name: string): Promise<void> {
  const { layerNormEpsilon } = goldens.manifest;
  const run = (x: Tensor, scale: Tensor, bias: Tensor): Tensor => layerNorm(x, scale, bias, layerNormEpsilon);
  await compare(name, ['x', 'scale', 'offset'], run);
}

async function checkGelu(name: string): Promise<void> {
  await compare(name, ['x'], (x: Tensor) => gelu(x, name as GeluForm));
}

async function checkAttention(name: string): Promise<void> {
  const numHeads = goldens.array(`${name}/q`).shape[1] ?? 0;
  const inputs = ['q', 'k', 'v', 'mask'].filter((input) => goldens.has(`${name}/${input}`));
  const options = (mask?: Tensor): { numHeads: number; mask?: Tensor4D } =>
    mask === undefined ? { numHeads } : { numHeads, mask: mask as Tensor4D };
  const run = (q: Tensor, k: Tensor, v: Tensor, mask?: Tensor): Tensor =>
    attention(q as Tensor3D, k as Tensor3D, v as Tensor3D, options(mask));
  await compare(name, inputs, run);
  const weights = tidy(() => {
    const [q, k, v, mask] = inputs.map((input) => inputTensor(name, input));
    return attentionWithWeights(q as Tensor3D, k as Tensor3D, v as Tensor3D, options(mask)).weights;
  });
  expect(weights.dataSync()).toBeCloseToArray(goldens.array(`${name}/weights`).data, FORWARD);
  weights.dispose();
}

type Run = (...inputs: Tensor[]) => Tensor;

/** Forward, then the gradient of ⟨y, dy⟩ with respect to every input that the golden set has one for. */
async function compare(name: string, inputNames: readonly string[], run: Run): Promise<void> {
  const inputs = inputNames.map((input) => inputTensor(name, input));
  const dy = inputTensor(name, 'dy');
  const y = run(...inputs);
  expect(y.dataSync(), 'forward').toBeCloseToArray(headsTogether(goldens.array(`${name}/y`)).data, FORWARD);
  const gradients = grads(run)(inputs, dy);
  for (const [i, input] of inputNames.entries()) {
    if (!goldens.has(`${name}/d${input}`)) continue;
    const expected = headsTogether(goldens.array(`${name}/d${input}`)).data;
    // Relative to the largest: entries that cancel to nearly nothing keep the rounding of those they cancel from.
    const largest = Math.max(1, ...Array.from(expected, Math.abs));
    const tolerance = { atol: BACKWARD.atol * largest, rtol: BACKWARD.rtol };
    expect(gradients[i]!.dataSync(), `gradient of ${input}`).toBeCloseToArray(expected, tolerance);
  }
  for (const owned of [...inputs, ...gradients, dy, y]) owned.dispose();
}

/** The golden input as our ops take it: heads side by side, a mask with batch and head axes. */
function inputTensor(name: string, input: string): Tensor {
  const golden = goldens.array(`${name}/${input}`);
  if (input === 'mask') return tensor(Float32Array.from(golden.data), [1, 1, ...golden.shape]);
  const { data, shape } = headsTogether(golden);
  return tensor(Float32Array.from(data), [...shape]);
}

/** torch's [B, H, N, Dh] → [B, N, H·Dh]; other ranks as they are. */
function headsTogether({ shape, data }: GoldenArray): GoldenArray {
  if (shape.length !== 4) return { shape, data };
  const [B = 0, H = 0, N = 0, Dh = 0] = shape;
  const together = new Float64Array(data.length);
  for (let i = 0; i < data.length; i += 1) {
    const d = i % Dh;
    const n = Math.floor(i / Dh) % N;
    const h = Math.floor(i / (Dh * N)) % H;
    const b = Math.floor(i / (Dh * N * H));
    together[((b * N + n) * H + h) * Dh + d] = data[i]!;
  }
  return { shape: [B, N, H * Dh], data: together };
}
