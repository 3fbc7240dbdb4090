import type { PartialForward } from '../replace.ts';
import { FUSED_ACTIVATIONS } from './fused.ts';

/** `relu` or `relu6` of float32, element by element. */
export function rectify(activation: 'relu' | 'relu6'): PartialForward<object> {
  return ([x], _, { backend, addon }) => {
    if (x!.dtype !== 'float32') return undefined;
    const values = backend.floatsOf(activation, x!);
    const { info, values: rectified } = backend.output(x!.shape);
    addon.activate(values, rectified, FUSED_ACTIVATIONS[activation]!);
    return info;
  };
}
