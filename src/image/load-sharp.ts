import type { default as Sharp } from 'sharp';

import { BackendError } from '../errors.ts';

let loaded: Promise<typeof Sharp> | undefined;

/**
 * sharp, loaded when the first image needs it: its native part may be missing or broken, which is then an error that can
 * be told, and `doctor` still runs.
 *
 * @throws BackendError when it does not load.
 */
export function loadSharp(): Promise<typeof Sharp> {
  loaded ??= import('sharp').then(
    (module) => module.default,
    (cause: unknown) => {
      const reason = cause instanceof Error ? cause.message.split('\n').find((line) => line !== '') : String(cause);
      throw new BackendError(
        'BACKEND_UNAVAILABLE',
        `image decoder: expected sharp to load, got «${reason}». Install it again for this platform: npm install sharp.`,
        { cause },
      );
    },
  );
  return loaded;
}
