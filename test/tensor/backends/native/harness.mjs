// Compiles the harness beside this file with the kernels of one architecture.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const SOURCES = fileURLToPath(new URL('../../../../src/tensor/backends/native/cpp/', import.meta.url));
const FLAGS = ['-std=c++17', '-g', '-Wall', '-Wextra', '-Werror', '-ffp-contract=off', '-pthread', `-I${SOURCES}`];

/** Each file with the flags of binding.gyp. */
const FILES = [
  [`${HERE}harness.cc`],
  [`${SOURCES}isa.cc`],
  [`${SOURCES}scratch.cc`],
  [`${SOURCES}thread-pool.cc`],
  [`${SOURCES}kernels-portable.cc`],
];
const OWN_FILES = {
  x64: [
    [`${SOURCES}kernels-avx2.cc`, '-mavx2', '-mfma'],
    [`${SOURCES}kernels-avx512.cc`, '-mavx512f', '-mavx512bw', '-mavx512dq', '-mavx512vl', '-mfma'],
    // Vectors wider than the processor's are passed in memory, which GCC and Clang warn of.
    [`${HERE}kernels-emulated.cc`, '-Wno-psabi'],
  ],
  arm64: [[`${SOURCES}kernels-neon.cc`], [`${HERE}kernels-emulated.cc`, '-Wno-psabi']],
};

/**
 * Compiles the harness for `architecture` ('x64' or 'arm64'), hands its path to `use`, and removes it.
 *
 * @param {{ compiler: string, flags: string[], architecture: string }} build
 * @param {(harness: string) => void} use
 */
export function withHarness({ compiler, flags, architecture }, use) {
  const folder = mkdtempSync(join(tmpdir(), 'patchlens-harness-'));
  try {
    console.log(`${compiler} ${flags.join(' ')}`);
    const objects = [...FILES, ...(OWN_FILES[architecture] ?? [])].map(([file, ...own], i) => {
      const object = join(folder, `${i}.o`);
      run(compiler, [...FLAGS, ...flags, ...own, '-c', file, '-o', object]);
      return object;
    });
    const harness = join(folder, 'harness');
    run(compiler, [...flags, '-pthread', ...objects, '-o', harness]);
    use(harness);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export function run(command, args) {
  execFileSync(command, args, { stdio: 'inherit' });
}

/** What the harness starts its random numbers from: the first argument of the script, or any. */
export function seed() {
  return process.argv[2] ?? String(Math.floor(Math.random() * 2 ** 31));
}
