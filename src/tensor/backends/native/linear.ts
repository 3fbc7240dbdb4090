import type { LinearAttrs } from '../../ops/linear.ts';
import { namedInputs } from '../../ops/linear.ts';
import { ACTIVATION_CODES } from './activation-codes.ts';
import type { Device, Forward } from './forward.ts';

/** activation(x·W + b) + residual: [..., K]·[K, N] → [..., N], W packed once for as long as its tensor lives. */
export const linearForward: Forward<LinearAttrs> = (inputs, attrs, device) => {
  const { backend, addon } = device;
  const { x, kernel, bias, residual } = namedInputs(inputs, attrs);
  const [K = 0, N = 0] = kernel.shape;
  const rows = x.shape.slice(0, -1);
  const M = rows.reduce((product, size) => product * size, 1);
  const operands = [
    backend.floatsOf('linear x', x),
    backend.packedForm(kernel, () => pack(backend.floatsOf('linear kernel', kernel), K, N, device)),
    bias === undefined ? null : backend.floatsOf('linear bias', bias),
    residual === undefined ? null : backend.floatsOf('linear residual', residual),
  ] as const;
  const { info, values } = backend.output([...rows, N]);
  addon.linear(...operands, values, Int32Array.of(M, N, K), ACTIVATION_CODES[attrs.activation]);
  return info;
};

function pack(matrix: Float32Array, K: number, N: number, { addon }: Device): Float32Array {
  const packed = new Float32Array(addon.packedLength(K, N));
  addon.pack(matrix, packed, K, N);
  return packed;
}
