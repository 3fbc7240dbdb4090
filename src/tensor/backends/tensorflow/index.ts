import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import process from 'node:process';

import { enableProdMode, ready, setBackend } from '../../tfjs.ts';
import { BackendError } from '../../../errors.ts';
import { registerCompositions } from '../../op.ts';
import type { Backend } from '../backend.ts';

// Not a literal type: the package is optional, so its types may be absent when this is compiled.
const PACKAGE: string = '@tensorflow/tfjs-node';

/** libtensorflow through `@tensorflow/tfjs-node`, where that optional package has its binary. */
export const tensorflow: Backend = {
  name: 'tensorflow',
  async load({ threads }) {
    enableProdMode();
    restoreRemovedUtilities();
    if (threads !== undefined) process.env['TF_NUM_INTRAOP_THREADS'] ??= String(threads);
    process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '2'; // libtensorflow writes its start-up notes to stderr.
    const version = await loadPackage();
    await setBackend('tensorflow');
    await ready();
    registerCompositions('tensorflow');
    // Read once by the library when it starts: a value that stood there before is the one that counts.
    const threadsInUse = Number(process.env['TF_NUM_INTRAOP_THREADS']) || availableParallelism();
    return { threads: threadsInUse, detail: `tfjs-node, libtensorflow ${version}` };
  },
};

async function loadPackage(): Promise<string> {
  try {
    const loaded: unknown = await import(PACKAGE);
    return libraryVersion(loaded);
  } catch (cause) {
    throw new BackendError(
      'BACKEND_UNAVAILABLE',
      `backend tensorflow: expected a working ${PACKAGE}, got ${reasonOf(cause)}. It is optional: install it with ` +
        `«npm install ${PACKAGE}» where its binary can be downloaded, or use another backend.`,
      { cause },
    );
  }
}

/** tfjs-node 4.22 calls two functions that Node 23 removed from `util`; without them every kernel throws. */
function restoreRemovedUtilities(): void {
  const util: Record<string, unknown> = createRequire(import.meta.url)('node:util');
  util['isNullOrUndefined'] ??= (value: unknown): boolean => value === null || value === undefined;
  util['isArray'] ??= Array.isArray;
}

function libraryVersion(loaded: unknown): string {
  const namespace = property(loaded, 'default') ?? loaded;
  const version =
    property(property(namespace, 'version'), 'tensorflow') ?? property(property(namespace, 'node'), 'version');
  return typeof version === 'string' ? version : 'unknown';
}

function property(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
}

/** «no such package», or the first line of what went wrong inside it. */
function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  const [line = ''] = cause.message.split('\n', 1);
  return line.startsWith(`Cannot find package '${PACKAGE}'`) ? 'no such package' : `«${line}»`;
}
