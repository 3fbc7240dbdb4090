import type { GeluForm } from '../../ops/gelu.ts';
import { ACTIVATION_CODES } from './activation-codes.ts';
import type { Forward } from './forward.ts';

/** GELU, element by element. */
export const geluForward: Forward<{ readonly form: GeluForm }> = ([x], { form }, { backend, addon }) => {
  const source = backend.floatsOf('gelu', x!);
  const { info, values } = backend.output(x!.shape);
  addon.activate(source, values, ACTIVATION_CODES[form]);
  return info;
};
