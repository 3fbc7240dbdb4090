import type { z } from 'zod';

/** What a schema found wrong, on one line: `model_args.num_heads: Too big: expected number to be <=256`. */
export function faultsOf({ issues }: z.ZodError): string {
  return issues.map(({ path, message }) => (path.length === 0 ? message : `${path.join('.')}: ${message}`)).join('; ');
}
