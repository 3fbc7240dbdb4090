import { fileURLToPath } from 'node:url';

import { defineConfig } from 'vitest/config';

const shared = { setupFiles: ['test/support/setup.ts'], testTimeout: 30_000 };

export default defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  test: {
    projects: [
      // What every clone must pass, with nothing but its own files.
      { test: { ...shared, name: 'unit', include: ['test/**/*.test.ts'], exclude: ['test/assets/**'] } },
      // Real weights and photographs, where a machine has them; minutes on the plain JavaScript backend.
      { test: { ...shared, name: 'assets', include: ['test/assets/**/*.test.ts'] } },
    ],
  },
});
