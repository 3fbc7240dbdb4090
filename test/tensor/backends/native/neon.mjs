// Runs the harness with the NEON kernels on a processor that has none: cross-compiled, under QEMU's emulation of one
// process. Needs g++-aarch64-linux-gnu and qemu-user (Debian's names); CXX and QEMU name others.
import process from 'node:process';

import { run, seed, withHarness } from './harness.mjs';

const build = {
  compiler: process.env.CXX ?? 'aarch64-linux-gnu-g++',
  flags: ['-O2', '-static'],
  architecture: 'arm64',
};
withHarness(build, (harness) => run(process.env.QEMU ?? 'qemu-aarch64', [harness, seed(), '10']));
