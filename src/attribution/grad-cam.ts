import { checkLength } from './token-grid.ts';

/**
 * Grad-CAM (Selvaraju et al. 2017, eqs. 1 and 2): ReLU(Σ_c α_c·A_c), α_c the mean over places of ∂y/∂A_c. Activations and
 * gradients are [places, C], as a row-by-row image of C channels is; → [places].
 */
export function gradCam(activations: Float32Array, gradients: Float32Array, C: number): Float64Array {
  checkLength('Grad-CAM gradients', gradients.length, activations.length);
  checkLength('Grad-CAM activations', activations.length % C, 0);
  const places = activations.length / C;
  const alpha = new Float64Array(C);
  for (let i = 0; i < gradients.length; i += 1) alpha[i % C]! += gradients[i]! / places;
  return Float64Array.from({ length: places }, (_, place) => {
    let sum = 0;
    for (let c = 0; c < C; c += 1) sum += alpha[c]! * activations[place * C + c]!;
    return Math.max(0, sum);
  });
}
