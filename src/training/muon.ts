import type { Tensor2D } from '@tensorflow/tfjs-core';

import { readOnce } from '../tensor/read-once.ts';
import { add, matMul, mul, tensor2d, tidy, transpose } from '../tensor/tfjs.ts';

/** Of the quintic that drives singular values towards one fastest from small ones (Jordan et al. 2024). */
const [A, B, C] = [3.4445, -4.775, 2.0315] as const;
const ITERATIONS = 5;
const EPSILON = 1e-7;
/** With it a step is about as large as AdamW's, whatever the shape (Liu et al. 2025), so both share a learning rate. */
const RMS_OF_ADAMW = 0.2;

/**
 * The direction of Muon's step: a momentum of the gradients whose singular values are all brought near one, so that a
 * matrix learns in every direction alike (torch.optim.Muon with `match_rms_adamw`, in float32).
 *
 * @param shape of the parameter; all axes but the last are one.
 * @param momentum changed in place.
 */
export async function muonDirection(
  gradient: Float32Array,
  momentum: Float32Array,
  shape: readonly number[],
  { beta, gradientScale }: { readonly beta: number; readonly gradientScale: number },
): Promise<Float32Array> {
  const ahead = new Float32Array(gradient.length);
  let squares = 0;
  for (let i = 0; i < ahead.length; i += 1) {
    const g = gradient[i]! * gradientScale;
    const m = beta * momentum[i]! + (1 - beta) * g;
    momentum[i] = m;
    const value = (1 - beta) * g + beta * m;
    ahead[i] = value;
    squares += value * value;
  }
  const columns = shape.at(-1) ?? 1;
  const rows = ahead.length / columns;
  const direction = tidy(() => {
    const unit = mul<Tensor2D>(tensor2d(ahead, [rows, columns]), 1 / (Math.sqrt(squares) + EPSILON));
    return mul(orthogonalised(unit), RMS_OF_ADAMW * Math.sqrt(Math.max(rows, columns)));
  });
  return readOnce(direction);
}

/** The nearest matrix with singular values of about one, by Newton and Schulz's iteration, of one whose norm is one. */
function orthogonalised(matrix: Tensor2D): Tensor2D {
  const [rows, columns] = matrix.shape;
  // The products are over the shorter side.
  let x = rows > columns ? transpose(matrix) : matrix;
  for (let i = 0; i < ITERATIONS; i += 1) x = improved(x);
  return rows > columns ? transpose(x) : x;
}

/** a·X + (b·S + c·S²)·X, with S = X·Xᵀ. */
function improved(x: Tensor2D): Tensor2D {
  return tidy(() => {
    const square = matMul<Tensor2D>(x, x, false, true);
    const polynomial = add(mul(square, B), mul(matMul(square, square), C));
    return add<Tensor2D>(mul(x, A), matMul(polynomial, x));
  });
}
