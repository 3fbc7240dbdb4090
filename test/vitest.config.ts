import { fileURLToPath } from 'node:url';

import { defineConfig } from 'vitest/config';

const shared = { setupFiles: ['test/support/setup.ts'], testTimeout: 30_000 };

export default defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  test: {
    // A processor is kept free otherwise, which on two is half of the machine.
    maxWorkers: '100%',
    projects: [
      // What every clone must pass, with nothing but its own files.
      {
        test: {
          ...shared,
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/assets/**', 'test/browser/**'],
        },
      },
      // The native kernels again on the instruction set that no other suite comes to where there is a faster one.
      {
        test: {
          ...shared,
          name: 'portable',
          include: ['test/conformance/**/*.test.ts'],
          env: { PATCHLENS_ISA: 'portable', TEST_BACKEND: 'native' },
        },
      },
      // Real weights and photographs, where a machine has them; most of a minute on the plain JavaScript backend.
      { test: { ...shared, name: 'assets', include: ['test/assets/**/*.test.ts'] } },
      // Pages in a headless Chromium, where a machine has one.
      {
        test: {
          ...shared,
          name: 'browser',
          include: ['test/browser/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          // What a page comes to is waited for, however busy the machine.
          expect: { poll: { timeout: 10_000 } },
        },
      },
    ],
  },
});
