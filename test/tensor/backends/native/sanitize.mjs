// Runs the harness under sanitizers: addresses and undefined behaviour first, then data races. Needs g++ or clang++ with
// their sanitizers; CXX names another compiler.
import process from 'node:process';

import { run, seed, withHarness } from './harness.mjs';

const SANITIZERS = [
  { flags: ['-fsanitize=address,undefined', '-fno-sanitize-recover=all'], rounds: '40' },
  { flags: ['-fsanitize=thread'], rounds: '8' },
];

for (const { flags, rounds } of SANITIZERS) {
  const build = { compiler: process.env.CXX ?? 'g++', flags: ['-O1', ...flags], architecture: process.arch };
  withHarness(build, (harness) => run(harness, [seed(), rounds]));
}
