import { util } from '../../tfjs.ts';
import type { GeluForm } from '../../ops/gelu.ts';
import { ACTIVATION_CODES } from './activation-codes.ts';
import type { Forward } from './forward.ts';

/** GELU, element by element. */
export const geluForward: Forward<{ readonly form: GeluForm }> = ([x], { form }, { heap, kernels }) => {
  const source = heap.offsetOf('gelu', x);
  const { info, offset } = heap.output(x!.shape);
  kernels.activate(source, offset, util.sizeFromShape(info.shape), ACTIVATION_CODES[form]);
  return info;
};
