// Compiles the kernels with sanitizers and runs the harness beside this file: addresses and undefined behaviour first,
// then data races. Needs g++ or clang++ with their sanitizers; CXX names another compiler.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const SOURCES = fileURLToPath(new URL('../../../../src/tensor/backends/native/cpp/', import.meta.url));
const COMPILER = process.env.CXX ?? 'g++';
const FLAGS = [
  '-std=c++17',
  '-O1',
  '-g',
  '-Wall',
  '-Wextra',
  '-Werror',
  '-ffp-contract=off',
  '-pthread',
  `-I${SOURCES}`,
];

const X64 = [
  [`${SOURCES}kernels-avx2.cc`, '-mavx2', '-mfma'],
  [`${SOURCES}kernels-avx512.cc`, '-mavx512f', '-mavx512bw', '-mavx512dq', '-mavx512vl', '-mfma'],
];

/** Each file with the flags of binding.gyp. */
const FILES = [
  [`${HERE}harness.cc`],
  [`${SOURCES}isa.cc`],
  [`${SOURCES}scratch.cc`],
  [`${SOURCES}thread-pool.cc`],
  [`${SOURCES}kernels-portable.cc`],
  // Vectors wider than the processor's are passed in memory, which GCC and Clang warn of.
  [`${HERE}kernels-wide.cc`, '-Wno-psabi'],
  ...(process.arch === 'x64' ? X64 : []),
];

const SANITIZERS = [
  { flags: ['-fsanitize=address,undefined', '-fno-sanitize-recover=all'], rounds: '40' },
  { flags: ['-fsanitize=thread'], rounds: '8' },
];

for (const { flags, rounds } of SANITIZERS) {
  const folder = mkdtempSync(join(tmpdir(), 'patchlens-sanitize-'));
  try {
    console.log(`${COMPILER} ${flags.join(' ')}`);
    const objects = FILES.map(([file, ...own], i) => {
      const object = join(folder, `${i}.o`);
      run(COMPILER, [...FLAGS, ...flags, ...own, '-c', file, '-o', object]);
      return object;
    });
    const harness = join(folder, 'harness');
    run(COMPILER, [...flags, '-pthread', ...objects, '-o', harness]);
    run(harness, [process.argv[2] ?? String(Math.floor(Math.random() * 2 ** 31)), rounds]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function run(command, args) {
  execFileSync(command, args, { stdio: 'inherit' });
}
