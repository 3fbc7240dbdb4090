// Preloaded into a process (`--import`), writes the URL of every module that it loads into the file MODULE_LIST, a line
// each: imported ones from the hooks' own thread, required ones at the end.
import { appendFileSync } from 'node:fs';
import { createRequire, register } from 'node:module';
import process from 'node:process';
import { pathToFileURL } from 'node:url';

if (process.env.MODULE_LIST !== undefined) {
  register('./list-modules-hook.mjs', import.meta.url);
  const { cache } = createRequire(import.meta.url);
  process.on('exit', () => {
    for (const path of Object.keys(cache)) appendFileSync(process.env.MODULE_LIST, `${pathToFileURL(path).href}\n`);
  });
}
