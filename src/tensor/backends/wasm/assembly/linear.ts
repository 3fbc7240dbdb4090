import { activate } from './activation';
import { multiply } from './gemm';
import { F32, VECTOR, loadPartial, storePartial } from './vector';

/** out = activation(x·W + bias) + residual: x [M, K], kernel [K, N]. `bias` [N] and `residual` [M, N] are 0 when absent. */
export function linear(
  x: usize,
  kernel: usize,
  bias: usize,
  residual: usize,
  out: usize,
  M: i32,
  N: i32,
  K: i32,
  activation: i32,
  scratch: usize,
): void {
  const stride = <usize>N * F32;
  multiply(x, <usize>K * F32, kernel, stride, false, out, M, N, K, scratch);
  for (; M > 0; M--) {
    if (bias != 0) addTo(out, bias, N);
    activate(out, out, N, activation);
    if (residual != 0) {
      addTo(out, residual, N);
      residual += stride;
    }
    out += stride;
  }
}

/** target += source over `size` floats. */
function addTo(target: usize, source: usize, size: i32): void {
  for (; size > 0; size -= 4) {
    storePartial(target, f32x4.add(loadPartial(target, size), loadPartial(source, size)), size);
    target += VECTOR;
    source += VECTOR;
  }
}
