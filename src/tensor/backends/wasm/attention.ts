import type { Tensor } from '@tensorflow/tfjs-core';

import type { AttentionAttrs } from '../../ops/attention.ts';
import { namedInputs, operandNames, sizesOf } from '../../ops/heads.ts';
import type { Forward } from './forward.ts';

const F32 = Float32Array.BYTES_PER_ELEMENT;

/** softmax(QKᵀ·scale + mask)·V, head by head: memory grows with Nk, not Nq·Nk, unless the weights are asked for. */
export const attentionForward: Forward<AttentionAttrs> = (inputs, attrs, { heap, kernels }) => {
  const { operands, mask } = namedInputs(inputs, attrs);
  const H = attrs.numHeads;
  const { B, Nq, Nk, D, Dv, stride, vStride } = sizesOf(operands, attrs);
  const Dh = D / H;
  const Dvh = Dv / H;
  const names = operandNames(attrs);
  const [q, k, v] = operands.map((operand, i) => heap.offsetOf(names[i]!, operand));
  const from = attrs.isJoint ? { q: q!, k: q! + D * F32, v: q! + 2 * D * F32 } : { q: q!, k: k!, v: v! };
  const maskOffset = heap.offsetOf('attention mask', mask);
  const output = heap.output([B, Nq, Dv]);
  const weights = attrs.returnWeights ? heap.output([B, H, Nq, Nk]) : undefined;
  heap.withScratch(kernels.attentionScratchBytes(Nk, Dh, Dvh), (scratch) => {
    for (let b = 0; b < B; b++) {
      for (let h = 0; h < H; h++) {
        kernels.attendHead(
          from.q + (b * Nq * stride + h * Dh) * F32,
          from.k + (b * Nk * stride + h * Dh) * F32,
          from.v + (b * Nk * vStride + h * Dvh) * F32,
          mask === undefined ? 0 : maskOffset + maskIndex(mask, b, h) * Nq * Nk * F32,
          output.offset + (b * Nq * Dv + h * Dvh) * F32,
          weights === undefined ? 0 : weights.offset + (b * H + h) * Nq * Nk * F32,
          stride * F32,
          vStride * F32,
          Dv * F32,
          Nq,
          Nk,
          Dh,
          Dvh,
          attrs.scale,
          scratch,
        );
      }
    }
  });
  return weights === undefined ? [output.info] : [output.info, weights.info];
};

/** Which of the [Nq, Nk] planes of a mask [B or 1, H or 1, Nq, Nk] belongs to a head. */
function maskIndex(mask: Tensor, b: number, h: number): number {
  const [maskB = 1, maskH = 1] = mask.shape;
  return (maskB === 1 ? 0 : b) * maskH + (maskH === 1 ? 0 : h);
}
