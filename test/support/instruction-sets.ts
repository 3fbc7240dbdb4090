import process from 'node:process';

import { afterAll, beforeAll, describe } from 'vitest';

import type { BackendFacts } from '../../src/tensor/backends/backend.ts';
import { probeBackends } from '../../src/tensor/backends/index.ts';
import { loadAddon } from '../../src/tensor/backends/native/addon.ts';
import { native } from '../../src/tensor/backends/native/index.ts';

const VARIABLE = 'PATCHLENS_ISA';
const probe = (await probeBackends()).find(({ name }) => name === 'native');

/**
 * Runs a suite on the native backend with each instruction set of this processor, on two threads; where the backend does not
 * load it is listed as skipped, with the reason.
 */
export function describeInstructionSets(title: string, suite: (facts: () => BackendFacts) => void): void {
  const unloaded = (): never => {
    throw new Error('native: expected to be loaded before a test');
  };
  if (probe?.status !== 'loads') {
    describe.skip(`${title}: ${probe?.reason}`, () => suite(unloaded));
    return;
  }
  describe.each(loadAddon().instructionSets())(`${title} with %s`, (instructionSet) => {
    const forced = process.env[VARIABLE];
    let facts: BackendFacts | undefined;
    beforeAll(async () => {
      process.env[VARIABLE] = instructionSet;
      facts = await native.load({ threads: 2 });
    });
    afterAll(async () => {
      delete process.env[VARIABLE];
      if (forced !== undefined) process.env[VARIABLE] = forced;
      await native.load({});
    });
    suite(() => facts ?? unloaded());
  });
}
