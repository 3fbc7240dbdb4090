import type { LinearAttrs } from '../../ops/linear.ts';
import { namedInputs } from '../../ops/linear.ts';
import { ACTIVATION_CODES } from './activation-codes.ts';
import type { Forward } from './forward.ts';

/** activation(x·W + b) + residual: [..., K]·[K, N] → [..., N]. */
export const linearForward: Forward<LinearAttrs> = (inputs, attrs, { heap, kernels }) => {
  const { x, kernel, bias, residual } = namedInputs(inputs, attrs);
  const [K = 0, N = 0] = kernel.shape;
  const rows = x.shape.slice(0, -1);
  const M = rows.reduce((product, size) => product * size, 1);
  const { info, offset } = heap.output([...rows, N]);
  heap.withScratch(kernels.multiplyScratchBytes(K, N), (scratch) => {
    kernels.linear(
      heap.offsetOf('linear x', x),
      heap.offsetOf('linear kernel', kernel),
      heap.offsetOf('linear bias', bias),
      heap.offsetOf('linear residual', residual),
      offset,
      M,
      N,
      K,
      ACTIVATION_CODES[attrs.activation],
      scratch,
    );
  });
  return info;
};
