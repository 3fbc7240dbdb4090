import { util } from '../../tfjs.ts';
import type { LayerNormAttrs } from '../../ops/layer-norm.ts';
import type { Forward } from './forward.ts';

/** (x − μ)/√(σ² + ε)·scale + bias over the last axis. */
export const layerNormForward: Forward<LayerNormAttrs> = ([x, scale, bias], { epsilon }, { heap, kernels }) => {
  const D = scale!.shape[0] ?? 0;
  const operands = [
    heap.offsetOf('layerNorm x', x),
    heap.offsetOf('layerNorm scale', scale),
    heap.offsetOf('layerNorm bias', bias),
  ] as const;
  const { info, offset } = heap.output(x!.shape);
  const rows = util.sizeFromShape(info.shape.slice(0, -1));
  kernels.layerNorm(...operands, offset, rows, D, epsilon);
  return info;
};
