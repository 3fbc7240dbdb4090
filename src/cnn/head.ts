import type { Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';

import { mean, tidy } from '../tensor/tfjs.ts';
import { project } from '../nn/linear.ts';
import type { LinearParams } from '../nn/linear.ts';
import type { Probe } from '../nn/probe.ts';

/** The mean of all positions, then a linear layer: [B, h, w, C] → [B, classes]. Probes `pooled`. */
export function pooledHead(x: Tensor4D, params: LinearParams, probe?: Probe): Tensor2D {
  return tidy(() => {
    const pooled: Tensor2D = mean(x, [1, 2]);
    probe?.('pooled', pooled);
    return project(pooled, params);
  });
}
