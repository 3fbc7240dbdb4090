import type { Tensor } from '@tensorflow/tfjs-core';

import { tensor } from '../../tfjs.ts';
import type { Recording, Replay, StartRecording } from '../recording.ts';
import type { Addon } from './addon.ts';
import type { BufferPool } from './buffer-pool.ts';
import type { NativeBackend } from './native-backend.ts';

/** What stands in for the backend's own parts while work is recorded. */
export interface RecordedWork {
  /** Remembers its calls. */
  readonly addon: Addon;
  /** Gives memory that nothing but this work fills. */
  readonly buffers: BufferPool;
  /** Of the memory that it was given. */
  bytes: number;
  /** Set where the work depends on more than kernels. */
  isSpoilt: boolean;
}

/** What a recording may keep: 128 MiB, for ViT-B/16 and ResNet-50 the pass of a batch of 8. */
const MOST_BYTES = 2 ** 27;

type Call = () => void;

/** What is asked for as long as a tensor lives, or changes nothing, and need not be asked again. */
const ASKED_ONCE: ReadonlySet<string | symbol> = new Set([
  'packedLength',
  'pack',
  'filterForm',
  'packedFilterLength',
  'packFilter',
] satisfies (keyof Addon)[]);

/** Records on the memory that waits for reuse at the beginning, which it keeps as far as it needs it. */
export function recorder(backend: NativeBackend, addon: Addon): StartRecording {
  return (given) => {
    const parts: Call[][] = [];
    const work: RecordedWork = {
      addon: remembering(addon, (call) => parts.at(-1)!.push(call)),
      buffers: backend.withdrawWaiting(),
      bytes: 0,
      isSpoilt: false,
    };
    const values = backend.floatsOf('input', given).slice();
    const form = backend.form;
    const recording: Recording = {
      input: tensor(values, given.shape),
      take: (part) => {
        parts.push([]);
        return backend.recordInto(work, part);
      },
      finish: (output) => {
        work.buffers.forget();
        if (work.isSpoilt || work.bytes > MOST_BYTES || backend.form !== form) return undefined;
        return replayOf(backend, { values, parts, output });
      },
    };
    return recording;
  };
}

interface Recorded {
  /** Of the input. */
  readonly values: Float32Array;
  readonly parts: readonly (readonly Call[])[];
  readonly output: Tensor;
}

/** The calls hold on to all memory that they use. */
function replayOf(backend: NativeBackend, { values, parts, output }: Recorded): Replay {
  const { form } = backend;
  const { shape } = output;
  const made = backend.floatsOf('output', output);
  return {
    isCurrent: () => backend.form === form,
    begin: (input) => values.set(backend.floatsOf('input', input)),
    parts: parts.map((calls) => () => {
      for (const call of calls) call();
    }),
    output: () => tensor(made.slice(), shape),
  };
}

/** The addon, whose calls it tells of. */
function remembering(addon: Addon, remember: (call: Call) => void): Addon {
  return new Proxy(addon, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== 'function' || ASKED_ONCE.has(name)) return member;
      return (...operands: unknown[]): unknown => {
        remember(() => void Reflect.apply(member, target, operands));
        return Reflect.apply(member, target, operands);
      };
    },
  });
}
