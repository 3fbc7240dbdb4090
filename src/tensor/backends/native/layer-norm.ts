import type { LayerNormAttrs } from '../../ops/layer-norm.ts';
import type { Forward } from './forward.ts';

/** (x − μ)/√(σ² + ε)·scale + bias over the last axis. */
export const layerNormForward: Forward<LayerNormAttrs> = ([x, scale, bias], { epsilon }, { backend, addon }) => {
  const operands = [
    backend.floatsOf('layerNorm x', x!),
    backend.floatsOf('layerNorm scale', scale!),
    backend.floatsOf('layerNorm bias', bias!),
  ] as const;
  const { info, values } = backend.output(x!.shape);
  addon.layerNorm(...operands, values, epsilon);
  return info;
};
