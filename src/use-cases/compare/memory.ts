import { fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import * as z from 'zod';

import type { LoadOptions } from '../model-info.ts';
import type { ModelMemory } from '../../report/comparison.ts';

/** What the child is asked. */
export type MemoryQuestion = Pick<LoadOptions, 'backend' | 'precision' | 'threads' | 'imageSize'> & {
  readonly model: string;
  readonly batchSize: number;
};

const Reply = z.object({ peakBytes: z.number().positive(), baselineBytes: z.number().positive() });

/**
 * The memory that a model takes at most, in a process of its own that loads it and runs one batch: within one process,
 * what the first model has freed would be lent to the second. Null where the child cannot run.
 */
export async function memoryOf(question: MemoryQuestion, signal?: AbortSignal): Promise<ModelMemory | null> {
  if (!existsSync(CHILD)) return null;
  const child = fork(CHILD, { execArgv: [], stdio: ['ignore', 'ignore', 'ignore', 'ipc'], ...(signal && { signal }) });
  const reply = await new Promise<unknown>((resolve) => {
    child.once('message', resolve);
    child.once('error', () => resolve(undefined));
    child.once('exit', () => resolve(undefined));
    child.send(question);
  });
  child.kill();
  signal?.throwIfAborted();
  const { success, data } = Reply.safeParse(reply);
  return success ? { ...data, batchSize: question.batchSize } : null;
}

// Beside this file once compiled; from the sources only a Node that reads TypeScript could run it.
const CHILD = fileURLToPath(new URL('./memory-child.js', import.meta.url));
