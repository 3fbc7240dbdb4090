// Puts the compiled kernels beside the compiled sources, which load them from there.
import { copyFile } from 'node:fs/promises';

const dist = new URL('../../../../dist/tensor/backends/wasm/', import.meta.url);
for (const file of ['kernels.wasm', 'kernels.relaxed.wasm']) {
  await copyFile(new URL(file, import.meta.url), new URL(file, dist));
}
