// Bundles the explorer's script into one file beside its sources and beside the compiled ones, which read it from there.
import { copyFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import { build } from 'rolldown';

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));

await build({
  input: path('client/main.ts'),
  logLevel: 'warn',
  output: { file: path('client.js'), format: 'iife', comments: false },
});
await copyFile(path('client.js'), path('../../../dist/report/explorer/client.js'));
