import type { Rank, Tensor, Tensor2D } from '@tensorflow/tfjs-core';

import { add, engine, matMul, relu, reshape, sum, tidy } from '../tfjs.ts';
import { ShapeError } from '../../errors.ts';
import { dims } from '../dims.ts';
import { defineOp, runOp } from '../op.ts';
import { activationGradient } from './activation-gradient.ts';
import { composedGelu } from './gelu-form.ts';
import type { GeluForm } from './gelu-form.ts';
import { gelu } from './gelu.ts';
import { product } from './product.ts';

export type Activation = 'none' | 'relu' | GeluForm;

export interface LinearOptions {
  /** [N]; no bias when absent. */
  readonly bias?: Tensor | undefined;
  readonly activation?: Activation;
  /** [..., N], added after the activation. */
  readonly residual?: Tensor | undefined;
}

export interface LinearAttrs {
  readonly activation: Activation;
  /** Which of the optional inputs follow x and kernel, in this order. */
  readonly hasBias: boolean;
  readonly hasResidual: boolean;
}

/**
 * activation(x·W + b) + residual, over the last axis: [..., K]·[K, N] → [..., N].
 *
 * @throws ShapeError when x, kernel, bias and residual do not fit together.
 */
export function linear<T extends Tensor>(x: T, kernel: Tensor, options: LinearOptions = {}): T {
  const { bias, activation = 'none', residual } = options;
  const { N } = dims('linear kernel', kernel, 'K N', { K: x.shape.at(-1) ?? 0 });
  if (bias !== undefined) dims('linear bias', bias, 'N', { N });
  if (residual !== undefined) checkResidual(residual, x, N);
  const inputs = [x, kernel, bias, residual].filter((input) => input !== undefined);
  const attrs = { activation, hasBias: bias !== undefined, hasResidual: residual !== undefined };
  // Recorded for a gradient, the activation is an op of its own, because that keeps its input: computing it again would
  // be another product, a tenth of a training step.
  if (activation !== 'none' && activation !== 'relu' && residual === undefined && engine().isTapeOn()) {
    return tidy(() => gelu(linear<T>(x, kernel, { bias }), activation));
  }
  // One output with the rank of x.
  return runOp(LINEAR, inputs, attrs)[0] as T;
}

function checkResidual(residual: Tensor, x: Tensor, N: number): void {
  const expected = [...x.shape.slice(0, -1), N];
  if (residual.shape.join() === expected.join()) return;
  throw new ShapeError(`linear residual: expected [${expected.join(', ')}], got [${residual.shape.join(', ')}]`);
}

export const LINEAR = defineOp<LinearAttrs>({
  name: 'PatchlensLinear',
  compose: (inputs, attrs) => {
    const { residual } = namedInputs(inputs, attrs);
    const activated = activate(preActivation(inputs, attrs), attrs.activation);
    return [residual === undefined ? activated : add(activated, residual)];
  },
  gradient: ([dy], inputs, attrs) => {
    const { x, kernel } = namedInputs(inputs, attrs);
    const N = kernel.shape[1] ?? 0;
    // dz: the gradient before the activation, as a matrix [M, N].
    const dz = tidy(() => reshape<Rank.R2>(preActivationGradient(dy!, inputs, attrs), [-1, N]));
    const gradients = [
      () => tidy(() => reshape(product(dz, kernel as Tensor2D, { transposeB: true }), x.shape)),
      () => tidy((): Tensor => product(asRows(x), dz, { transposeA: true })),
    ];
    if (attrs.hasBias) gradients.push(() => sum(dz, 0));
    if (attrs.hasResidual) gradients.push(() => dy!.clone());
    return gradients;
  },
});

interface LinearInputs {
  readonly x: Tensor;
  readonly kernel: Tensor;
  readonly bias: Tensor | undefined;
  readonly residual: Tensor | undefined;
}

/** Gives the ordered inputs of the kernel their names. */
export function namedInputs(inputs: readonly Tensor[], attrs: LinearAttrs): LinearInputs {
  const [x, kernel] = inputs;
  return {
    x: x!,
    kernel: kernel!,
    bias: attrs.hasBias ? inputs[2] : undefined,
    residual: attrs.hasResidual ? inputs[attrs.hasBias ? 3 : 2] : undefined,
  };
}

/** x·W + b with the rank of x. Never `fused.matMul`: its bias is wrong on tfjs-wasm for transposed or batched operands. */
function preActivation(inputs: readonly Tensor[], attrs: LinearAttrs): Tensor {
  const { x, kernel, bias } = namedInputs(inputs, attrs);
  const weighted = matMul(asRows(x), kernel);
  const shifted = bias === undefined ? weighted : add(weighted, bias);
  return reshape(shifted, [...x.shape.slice(0, -1), kernel.shape[1] ?? 0]);
}

/** [..., K] → [M, K]. */
function asRows(x: Tensor): Tensor2D {
  return reshape(x, [-1, x.shape.at(-1) ?? 0]);
}

function activate(z: Tensor, activation: Activation): Tensor {
  switch (activation) {
    case 'none':
      return z;
    case 'relu':
      return relu(z);
    case 'gelu':
    case 'gelu-tanh':
    case 'gelu-quick':
      return composedGelu(z, activation);
  }
}

/** dy·activation′(z), with z = x·W + b computed again. */
function preActivationGradient(dy: Tensor, [x, kernel, bias]: readonly Tensor[], attrs: LinearAttrs): Tensor {
  const { activation, hasBias } = attrs;
  if (activation === 'none') return dy;
  return activationGradient(dy, linear(x!, kernel!, { bias: hasBias ? bias : undefined }), activation);
}
