// tfjs-core alone has no gradients for its own kernels in Node; tfjs-layers registers them.
import '@tensorflow/tfjs-layers';

import { concat, tensor2d, tensor3d, tidy } from '@tensorflow/tfjs-core';
import type { Tensor, Tensor3D } from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';

import { ArgumentError } from '../../src/errors.ts';
import { attend as attendBy } from '../../src/nn/attend.ts';
import { decoderBlock } from '../../src/nn/decoder-block.ts';
import { attentionMask, causal, padding } from '../../src/nn/masks.ts';
import { crossAttention, selfAttention } from '../../src/nn/self-attention.ts';
import type { CrossAttentionParams } from '../../src/nn/self-attention.ts';
import { describeBackends } from '../support/backends.ts';
import { attend, dot, expectAgreement, headOf, heads, randomInput, rowTimes, tensorOf } from '../support/reference.ts';
import type { Input, Matrix } from '../support/reference.ts';

const D = 6;
const NUM_HEADS = 2;

/** Kernels and biases of query, key, value and output, by `${prefix}query.kernel` and so on. */
function layerInputs(prefix: string, seed: number): Record<string, Input> {
  const parts = ['query', 'key', 'value', 'output'];
  return Object.fromEntries(
    parts.flatMap((part, i) => [
      [`${prefix}${part}.kernel`, randomInput([D, D], seed + 2 * i)],
      [`${prefix}${part}.bias`, randomInput([D], seed + 2 * i + 1)],
    ]),
  );
}

function layerParams(prefix: string, tensors: Readonly<Record<string, Tensor>>): CrossAttentionParams {
  const part = (name: string) => ({
    kernel: tensors[`${prefix}${name}.kernel`]!,
    bias: tensors[`${prefix}${name}.bias`]!,
  });
  return { query: part('query'), key: part('key'), value: part('value'), output: part('output') };
}

/** Multi-head attention of rows to rows, [N, D] each. */
function reference(
  prefix: string,
  inputs: Readonly<Record<string, Input>>,
  [x, memory]: readonly [Matrix, Matrix],
  isVisible?: (i: number, j: number) => boolean,
): Matrix {
  const dense = (row: readonly number[], part: string): number[] =>
    rowTimes(row, inputs[`${prefix}${part}.kernel`]!, inputs[`${prefix}${part}.bias`]);
  const project = (rows: Matrix, part: string): Input => ({
    shape: [1, rows.length, D],
    data: Float64Array.from(rows.flatMap((row) => dense(row, part))),
  });
  const [q, k, v] = [project(x, 'query'), project(memory, 'key'), project(memory, 'value')];
  const attended = heads(1, NUM_HEADS, (b, h) =>
    attend(
      [headOf(q, b, h, NUM_HEADS), headOf(k, b, h, NUM_HEADS), headOf(v, b, h, NUM_HEADS)],
      (query, key) => dot(query, key) / Math.sqrt(D / NUM_HEADS),
      isVisible,
    ),
  );
  return x.map((_, i) => dense(attended.slice(i * D, (i + 1) * D), 'output'));
}

const rowsOf = (input: Input, batch = 0): Matrix => headOf(input, batch, 0, 1);

const sum = (a: Matrix, b: Matrix): Matrix => a.map((row, i) => row.map((value, d) => value + b[i]![d]!));

describeBackends('attention layers', () => {
  test('cross-attention: values and gradients agree with float64', () => {
    const inputs: Record<string, Input> = {
      x: randomInput([2, 3, D], 1),
      memory: randomInput([2, 5, D], 2),
      ...layerInputs('', 10),
    };
    expectAgreement({
      inputs,
      run: ({ x, memory, ...params }) =>
        crossAttention(x as Tensor3D, memory as Tensor3D, layerParams('', params), { numHeads: NUM_HEADS, epsilon: 0 }),
      reference: ({ x, memory, ...params }) =>
        [0, 1].flatMap((b) => reference('', params, [rowsOf(x!, b), rowsOf(memory!, b)]).flat()),
    });
  });

  test('cross-attention by hand: a query that finds the second of two memories', () => {
    const y = tidy(() => {
      const identity = {
        kernel: tensor2d([
          [1, 0],
          [0, 1],
        ]),
      };
      const params = {
        query: identity,
        key: identity,
        value: { kernel: tensor2d([[0], [3]]) },
        output: { kernel: tensor2d([[1]]) },
      };
      // Scores 0 and √2·ln 3 / √2 = ln 3: weights ¼ and ¾ of the values 0 and 3.
      const [x, memory] = [
        tensor3d([[[0, Math.SQRT2 * Math.log(3)]]]),
        tensor3d([
          [
            [1, 0],
            [0, 1],
          ],
        ]),
      ];
      return crossAttention(x, memory, params, { numHeads: 1, epsilon: 0 }).dataSync();
    });
    expect(y).toBeCloseToArray([2.25], { atol: 1e-6 });
  });

  test('one product for queries, keys and values gives the numbers of three', () => {
    const [separate, fused] = tidy(() => {
      const inputs = layerInputs('', 20);
      const tensors = Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, tensorOf(input)]));
      const params = layerParams('', tensors);
      const parts = [params.query, params.key, params.value];
      const qkv = {
        kernel: concat(
          parts.map(({ kernel }) => kernel),
          1,
        ),
        bias: concat(parts.map(({ bias }) => bias!)),
      };
      const x = tensorOf<Tensor3D>(randomInput([2, 7, D], 3));
      const options = { numHeads: NUM_HEADS, epsilon: 0 };
      return [
        selfAttention(x, params, options).dataSync(),
        selfAttention(x, { qkv, output: params.output }, options).dataSync(),
      ];
    });
    expect(fused).toBeCloseToArray(separate, { atol: 1e-6 });
  });

  test('a decoder block: values and gradients agree with float64', () => {
    const inputs: Record<string, Input> = {
      x: randomInput([1, 4, D], 1),
      memory: randomInput([1, 5, D], 2),
      ...layerInputs('self.', 30),
      ...layerInputs('cross.', 40),
      'norm.scale': randomInput([D], 50),
      'norm.bias': randomInput([D], 51),
      'hidden.kernel': randomInput([D, 7], 52),
      'output.kernel': randomInput([7, D], 53),
    };
    expectAgreement({
      inputs,
      run: ({ x, memory, ...params }) => {
        const norm = { scale: params['norm.scale']!, bias: params['norm.bias']! };
        return decoderBlock(
          x as Tensor3D,
          memory as Tensor3D,
          {
            norm1: norm,
            attention: layerParams('self.', params),
            norm2: norm,
            crossAttention: layerParams('cross.', params),
            norm3: norm,
            mlp: { hidden: { kernel: params['hidden.kernel']! }, output: { kernel: params['output.kernel']! } },
          },
          {
            numHeads: NUM_HEADS,
            activation: 'gelu-quick',
            epsilon: 1e-6,
            form: { mask: attentionMask({ numQueries: 4, numKeys: 4 }, causal()) },
            memoryMask: attentionMask({ numQueries: 4, numKeys: 5 }, padding([3])),
          },
        );
      },
      reference: ({ x, memory, ...params }) => {
        const norm = (row: readonly number[]): number[] => {
          const mean = row.reduce((total, value) => total + value, 0) / D;
          const variance = row.reduce((total, value) => total + (value - mean) ** 2, 0) / D;
          return row.map(
            (value, d) =>
              ((value - mean) / Math.sqrt(variance + 1e-6)) * params['norm.scale']!.data[d]! +
              params['norm.bias']!.data[d]!,
          );
        };
        const rows = rowsOf(x!);
        const normed = rows.map(norm);
        const attended = sum(
          rows,
          reference('self.', params, [normed, normed], (i, j) => j <= i),
        );
        const crossed = reference('cross.', params, [attended.map(norm), rowsOf(memory!)], (_, j) => j < 3);
        const informed = sum(attended, crossed);
        const mlp = informed.map((row) => {
          const hidden = rowTimes(norm(row), params['hidden.kernel']!).map(
            (value) => value / (1 + Math.exp(-1.702 * value)),
          );
          return rowTimes(hidden, params['output.kernel']!);
        });
        return sum(informed, mlp).flat();
      },
    });
  });

  test('what has no N×N scores refuses a mask, additive attention a missing parameter', () => {
    const run = (kind: 'linear' | 'local' | 'additive') => () =>
      tidy(() => {
        const x = tensor3d([[[1, 2]]]);
        const reach = { up: 0, down: 0, left: 0, right: 0 };
        const mechanism = { kind, causal: false, grid: { Gh: 1, Gw: 1 }, reach };
        const mask = kind === 'additive' ? undefined : attentionMask({ numQueries: 1, numKeys: 1 });
        return attendBy(x, x, x, { numHeads: 1, mechanism, mask });
      });
    for (const kind of ['linear', 'local'] as const) {
      expect(run(kind)).toThrow(
        new ArgumentError(
          `${kind} attention: expected no mask or position bias, since it has no N x N scores, got one`,
        ),
      );
    }
    expect(run('additive')).toThrow(new ArgumentError('additive attention: expected the parameter score, got none'));
  });
});

describeBackends('the probe of a layer', () => {
  test('is shown what meets, and the weights', () => {
    const names = tidy(() => {
      const seen: string[] = [];
      const identity = {
        kernel: tensor2d([
          [1, 0],
          [0, 1],
        ]),
      };
      const params = { query: identity, key: identity, value: identity, output: identity };
      const x = tensor3d([
        [
          [1, 0],
          [0, 1],
        ],
      ]);
      selfAttention(
        x,
        params,
        { numHeads: 1, epsilon: 0 },
        (name, { shape }) => void seen.push(`${name} ${shape.join()}`),
      );
      return { seen };
    });
    expect(names.seen).toEqual(['query 1,2,2', 'key 1,2,2', 'value 1,2,2', 'weights 1,1,2,2', 'heads 1,2,2']);
  });
});
