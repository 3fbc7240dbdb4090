import { expect, test } from 'vitest';

import { muonDirection } from '../../src/training/muon.ts';
import { moveAgainst } from '../../src/training/optimizer.ts';
import { describeBackends } from '../support/backends.ts';
import { readGoldens } from '../support/goldens.ts';

/** torch iterates in bfloat16, which has eight bits: of a step of 0.05 · 0.2 · √19 that is about this. */
const BFLOAT16 = { atol: 2e-3, rtol: 0 };

const goldens = readGoldens('training-steps');

describeBackends('Muon goes three steps as torch.optim.Muon does', () => {
  test.each(['tall', 'wide'])('with a %s matrix', async (name) => {
    const array = (part: string) => goldens.array(`muon/${name}/${part}`);
    const { shape, data: start } = array('start');
    const values = Float32Array.from(start);
    const gradients = Float32Array.from(array('gradients').data);
    const momentum = new Float32Array(values.length);
    for (let step = 0; step < 3; step += 1) {
      const gradient = gradients.subarray(step * values.length, (step + 1) * values.length);
      const direction = await muonDirection(gradient, momentum, shape, { beta: 0.95, gradientScale: 1 });
      moveAgainst(direction, values, { learningRate: 0.05, weightDecay: 0.1 });
    }
    expect(values).toBeCloseToArray(Float32Array.from(array('end').data), BFLOAT16);
  });
});
