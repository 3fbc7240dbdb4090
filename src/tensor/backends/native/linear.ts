import type { LinearAttrs } from '../../ops/linear.ts';
import { namedInputs } from '../../ops/linear.ts';
import { ACTIVATION_CODES } from './activation-codes.ts';
import { currentPrecision } from '../../precision.ts';
import type { Forward } from './forward.ts';
import { PRECISION_CODES } from './precision-codes.ts';

/** activation(x·W + b) + residual: [..., K]·[K, N] → [..., N], W packed once for as long as its tensor lives. */
export const linearForward: Forward<LinearAttrs> = (inputs, attrs, { backend, addon }) => {
  const { x, kernel, bias, residual } = namedInputs(inputs, attrs);
  const [K = 0, N = 0] = kernel.shape;
  const rows = x.shape.slice(0, -1);
  const M = rows.reduce((product, size) => product * size, 1);
  const precision = PRECISION_CODES[currentPrecision()];
  const operands = [
    backend.floatsOf('linear x', x),
    backend.packedForm(kernel, precision),
    bias === undefined ? null : backend.floatsOf('linear bias', bias),
    residual === undefined ? null : backend.floatsOf('linear residual', residual),
  ] as const;
  const { info, values } = backend.output([...rows, N]);
  addon.linear(...operands, values, Int32Array.of(M, N, K), ACTIVATION_CODES[attrs.activation], precision);
  return info;
};
