import type { AttentionAttrs } from '../../ops/attention.ts';
import { currentPrecision } from '../../precision.ts';
import { attentionOperands } from './attention-operands.ts';
import type { Forward } from './forward.ts';
import { PRECISION_CODES } from './precision-codes.ts';

/** softmax(QKᵀ·scale + mask)·V; the weights [B, H, Nq, Nk] are stored only if they are asked for. */
export const attentionForward: Forward<AttentionAttrs> = (inputs, attrs, { backend, addon }) => {
  const { operands, sizes, B, Nq, Nk, Dv } = attentionOperands(inputs, attrs, backend);
  const output = backend.output([B, Nq, Dv]);
  const weights = attrs.returnWeights ? backend.output([B, attrs.numHeads, Nq, Nk]) : undefined;
  const precision = PRECISION_CODES[currentPrecision()];
  addon.attention(...operands, output.values, weights?.values ?? null, sizes, attrs.scale, precision);
  return weights === undefined ? [output.info] : [output.info, weights.info];
};
