import { createRequire } from 'node:module';

import type Sharp from 'sharp';

import { BackendError } from '../errors.ts';

const require = createRequire(import.meta.url);

/**
 * sharp, loaded when the first image needs it: its native part may be missing or broken, which is then an error that can
 * be told, and `doctor` still runs. By `require`, because its modules for `import` take twice as long to load.
 *
 * @throws BackendError when it does not load.
 */
export async function loadSharp(): Promise<typeof Sharp> {
  try {
    const sharp: typeof Sharp = require('sharp');
    return sharp;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.split('\n').find((line) => line !== '') : String(cause);
    throw new BackendError(
      'BACKEND_UNAVAILABLE',
      `image decoder: expected sharp to load, got «${reason}». Install it again for this platform: npm install sharp.`,
      { cause },
    );
  }
}
