import { enableProdMode, ready, setBackend, version_core } from '@tensorflow/tfjs-core';

import { registerCompositions } from '../../op.ts';
import type { Backend } from '../backend.ts';

/** Plain JavaScript: the reference that runs everywhere, some fifteen times slower than wasm. */
export const cpu: Backend = {
  name: 'cpu',
  async load() {
    enableProdMode(); // Otherwise the backend prints a banner on first use.
    await import('@tensorflow/tfjs-backend-cpu');
    await setBackend('cpu');
    await ready();
    registerCompositions('cpu');
    return { threads: 1, detail: `tfjs ${version_core}, plain JavaScript` };
  },
};
