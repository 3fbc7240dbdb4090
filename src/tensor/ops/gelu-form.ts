import type { Tensor } from '@tensorflow/tfjs-core';

import { add, erf, exp, mul, sigmoid, square, sub, tanh, tidy } from '../tfjs.ts';

/**
 * The three functions that checkpoints mean by GELU: `gelu` x·Φ(x) with the exact error function, `gelu-tanh` its tanh
 * approximation (JAX's default; up to 4.7e-4 away), `gelu-quick` x·σ(1.702x) (CLIP; up to 2.0e-2 away).
 */
export type GeluForm = 'gelu' | 'gelu-tanh' | 'gelu-quick';

/** GELU from stock operations. */
export function composedGelu(x: Tensor, form: GeluForm): Tensor {
  return mul(x, gateOf(x, form));
}

/** d gelu(x) / dx = gate(x) + x·gate′(x). */
export function geluDerivative(x: Tensor, form: GeluForm): Tensor {
  return tidy(() => add(gateOf(x, form), mul(x, gateSlopeOf(x, form))));
}

const TANH_CUBIC = 0.044715;
const SQRT_2_OVER_PI = Math.sqrt(2 / Math.PI);
const QUICK_SLOPE = 1.702;

/** The factor of x in 0…1. */
function gateOf(x: Tensor, form: GeluForm): Tensor {
  switch (form) {
    case 'gelu':
      return mul(add(erf(mul(x, Math.SQRT1_2)), 1), 0.5);
    case 'gelu-tanh':
      return mul(add(tanh(tanhArgument(x)), 1), 0.5);
    case 'gelu-quick':
      return sigmoid(mul(x, QUICK_SLOPE));
  }
}

function gateSlopeOf(x: Tensor, form: GeluForm): Tensor {
  switch (form) {
    case 'gelu':
      return mul(exp(mul(square(x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
    case 'gelu-tanh': {
      const sech2 = sub(1, square(tanh(tanhArgument(x))));
      const inner = mul(add(mul(square(x), 3 * TANH_CUBIC), 1), SQRT_2_OVER_PI);
      return mul(mul(sech2, inner), 0.5);
    }
    case 'gelu-quick': {
      const gate = sigmoid(mul(x, QUICK_SLOPE));
      return mul(mul(gate, sub(1, gate)), QUICK_SLOPE);
    }
  }
}

function tanhArgument(x: Tensor): Tensor {
  return mul(add(x, mul(mul(square(x), x), TANH_CUBIC)), SQRT_2_OVER_PI);
}
