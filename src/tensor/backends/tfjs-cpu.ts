import { require } from '../require.ts';

/** The storage and kernels of plain JavaScript, which loading them registers as tfjs's backend `cpu`. */
export const {
  MathBackendCPU,
}: typeof import('@tensorflow/tfjs-backend-cpu') = require('@tensorflow/tfjs-backend-cpu');
