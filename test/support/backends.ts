import process from 'node:process';

import { afterAll, beforeAll, describe } from 'vitest';

import { probeBackends, useBackend } from '../../src/tensor/backends/index.ts';
import type { BackendLease } from '../../src/tensor/backends/index.ts';

/** One backend's name where a test project is about that one alone. */
const only = process.env['TEST_BACKEND'];
const PROBES = (await probeBackends()).filter(({ name }) => only === undefined || name === only);

/**
 * Runs a suite on every backend that loads on this machine, which a test may ask for; the others are listed as skipped, with
 * their reason.
 */
export function describeBackends(title: string, suite: (lease: () => BackendLease) => void): void {
  for (const probe of PROBES) {
    if (probe.status === 'loads') {
      describe(`${title} on ${probe.name}`, () => {
        let lease: BackendLease | undefined;
        beforeAll(async () => {
          lease = await useBackend(probe.name);
        });
        afterAll(() => lease?.release());
        suite(() => lease!);
      });
    } else {
      describe.skip(`${title} on ${probe.name}: ${probe.reason}`, () =>
        suite(() => {
          throw new Error(probe.reason);
        }));
    }
  }
}
