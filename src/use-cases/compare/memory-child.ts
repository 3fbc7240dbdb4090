import { existsSync, readFileSync } from 'node:fs';
import process from 'node:process';

import { blankFor } from './speed.ts';
import type { MemoryQuestion } from './memory.ts';
import { loadNetwork } from '../load/load.ts';
import { probabilitiesOf } from '../probabilities.ts';

// Runs as a process of its own: answers one question with the most memory that it came to, and ends.
process.once('message', (question: MemoryQuestion) => {
  void answer(question).then((reply) => process.send?.(reply, () => process.exit()));
});

/** So many that the memory with which a backend repeats passes is part of it. */
const PASSES = 3;

async function answer({ model, batchSize, ...options }: MemoryQuestion) {
  const baselineBytes = peakBytes();
  using loaded = await loadNetwork(model, options);
  const images = Array.from({ length: batchSize }, () => blankFor(loaded));
  for (let pass = 0; pass < PASSES; pass += 1) await probabilitiesOf(loaded, images, () => undefined);
  return { baselineBytes, peakBytes: peakBytes() };
}

/** The most that was ever resident. */
function peakBytes(): number {
  // Linux hands a process's maximum on to its children, so that theirs would begin at the parent's; this one begins anew.
  const status = existsSync(STATUS) ? readFileSync(STATUS, 'utf8') : '';
  const kibibytes = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? process.resourceUsage().maxRSS;
  return Number(kibibytes) * 1024;
}

const STATUS = '/proc/self/status';
