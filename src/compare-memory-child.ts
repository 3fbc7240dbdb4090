import process from 'node:process';

import { blankFor } from './compare-speed.ts';
import type { MemoryQuestion } from './compare-memory.ts';
import { loadNetwork } from './load.ts';
import { probabilitiesOf } from './probabilities.ts';

// Runs as a process of its own: answers one question with the most memory that it came to, and ends.
process.once('message', (question: MemoryQuestion) => {
  void answer(question).then((reply) => process.send?.(reply, () => process.exit()));
});

async function answer({ model, batchSize, ...options }: MemoryQuestion) {
  const baselineBytes = peakBytes();
  using loaded = await loadNetwork(model, options);
  const images = Array.from({ length: batchSize }, () => blankFor(loaded));
  await probabilitiesOf(loaded, images, () => undefined);
  return { baselineBytes, peakBytes: peakBytes() };
}

/** The most that was ever resident; Node gives kibibytes on every system. */
function peakBytes(): number {
  return process.resourceUsage().maxRSS * 1024;
}
