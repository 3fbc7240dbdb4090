import { ArgumentError } from '../errors.ts';

const BASE = 10_000;

/**
 * Sinusoids of the index along a sequence [N, D]: sin at even columns, cos at odd ones, wavelengths 2π to 10000·2π
 * (Vaswani et al. 2017, section 3.5).
 *
 * @throws ArgumentError when D is odd.
 */
export function sinCos1d(N: number, D: number): Float32Array {
  checkWidth(D, 2);
  const positions = new Float32Array(N * D);
  for (let n = 0; n < N; n += 1) {
    for (let i = 0; i < D; i += 2) {
      const angle = n / BASE ** (i / D);
      positions[n * D + i] = Math.sin(angle);
      positions[n * D + i + 1] = Math.cos(angle);
    }
  }
  return positions;
}

/**
 * Sinusoids of column and row on a patch grid [Gh·Gw, D], a quarter of the width each: sin x, cos x, sin y, cos y (the
 * layout of MAE, He et al. 2022).
 *
 * @throws ArgumentError when D is not a multiple of four.
 */
export function sinCos2d(Gh: number, Gw: number, D: number): Float32Array {
  checkWidth(D, 4);
  const quarter = D / 4;
  const positions = new Float32Array(Gh * Gw * D);
  for (let n = 0; n < Gh * Gw; n += 1) {
    const x = n % Gw;
    const y = Math.floor(n / Gw);
    for (let i = 0; i < quarter; i += 1) {
      const frequency = BASE ** (-i / quarter);
      const angles = [x * frequency, y * frequency];
      for (const [axis, angle] of angles.entries()) {
        const start = n * D + 2 * axis * quarter + i;
        positions[start] = Math.sin(angle);
        positions[start + quarter] = Math.cos(angle);
      }
    }
  }
  return positions;
}

function checkWidth(D: number, multiple: number): void {
  if (D % multiple === 0) return;
  throw new ArgumentError(`sin-cos positions: expected a width that is a multiple of ${multiple}, got ${D}`);
}
