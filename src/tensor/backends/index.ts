import { BackendError } from '../../errors.ts';
import { PRECISIONS } from '../precision.ts';
import type { Precision } from '../precision.ts';
import type { Backend, BackendFacts, BackendName, BackendOptions } from './backend.ts';

export { BACKEND_NAMES } from './backend.ts';
export type { AdamWFactors, BackendName, UpdateKernels } from './backend.ts';
export type { Replay, StartRecording } from './recording.ts';
export { PRECISIONS };
export type { Precision };

const BACKENDS: Readonly<Record<BackendName, () => Promise<Backend>>> = {
  native: async () => (await import('./native/index.ts')).native,
  tensorflow: async () => (await import('./tensorflow/index.ts')).tensorflow,
  wasm: async () => (await import('./wasm/index.ts')).wasm,
  cpu: async () => (await import('./cpu/index.ts')).cpu,
};

/** The order in which `auto` tries them: fastest first. */
const PREFERENCE: readonly BackendName[] = ['native', 'tensorflow', 'wasm', 'cpu'];

/** What a model asks of a backend, whoever else is on it. */
export interface LeaseOptions extends BackendOptions {
  /** Default `auto`. */
  readonly precision?: Precision | 'auto' | undefined;
}

/** A backend in use. tfjs runs one backend per process, so others are refused until every lease is released. */
export interface BackendLease extends BackendFacts {
  readonly name: BackendName;
  /** What `inPrecision` is to be given for the model's ops. */
  readonly precision: Precision;
  release(): void;
}

interface HeldBackend {
  readonly name: BackendName;
  readonly facts: BackendFacts;
  holders: number;
}

// tfjs has one current backend per process; this counts who relies on it.
let current: HeldBackend | undefined;
let pending: Promise<unknown> = Promise.resolve();

/**
 * Loads a backend, or the first of `auto` that loads, and makes it the process's own until it is released.
 *
 * @throws BackendError BACKEND_CONFLICT when a model on another backend is still loaded, BACKEND_UNAVAILABLE when it
 * cannot run here.
 */
export function useBackend(wanted: BackendName | 'auto', options: LeaseOptions = {}): Promise<BackendLease> {
  // One at a time: two loads side by side could each see the process without a backend.
  const lease = pending.then(() => takeBackend(wanted, options));
  pending = lease.catch(() => undefined);
  return lease;
}

async function takeBackend(wanted: BackendName | 'auto', options: LeaseOptions): Promise<BackendLease> {
  if (current !== undefined && current.holders > 0) {
    if (wanted !== 'auto' && wanted !== current.name) {
      throw new BackendError(
        'BACKEND_CONFLICT',
        `backend ${wanted}: expected no other backend in use, got ${current.name}. Dispose of the models on it first.`,
      );
    }
  } else {
    current = wanted === 'auto' ? await firstThatLoads(options) : await load(wanted, options);
  }
  return leaseOf(current, precisionOn(current, options.precision ?? 'auto'));
}

async function load(name: BackendName, options: BackendOptions): Promise<HeldBackend> {
  const backend = await BACKENDS[name]();
  return { name, facts: await backend.load(options), holders: 0 };
}

function precisionOn({ name, facts }: HeldBackend, wanted: Precision | 'auto'): Precision {
  if (wanted === 'auto') return facts.automatic ?? 'f32';
  if (wanted === 'f32' || facts.automatic !== undefined) return wanted;
  throw new BackendError(
    'BACKEND_UNAVAILABLE',
    `precision ${wanted}: expected a backend that has it, as native does, got ${name}. Use --precision f32.`,
  );
}

function leaseOf(held: HeldBackend, precision: Precision): BackendLease {
  held.holders += 1;
  let released = false;
  return {
    name: held.name,
    ...held.facts,
    precision,
    release: () => {
      if (!released) held.holders -= 1;
      released = true;
    },
  };
}

async function firstThatLoads(options: BackendOptions): Promise<HeldBackend> {
  for (const name of PREFERENCE) {
    try {
      return await load(name, options);
    } catch (error) {
      if (!(error instanceof BackendError)) throw error;
    }
  }
  throw new BackendError('BACKEND_UNAVAILABLE', `backend auto: expected one of ${PREFERENCE.join(', ')} to load`);
}

export type BackendProbe =
  | { readonly name: BackendName; readonly status: 'loads'; readonly detail: string }
  | { readonly name: BackendName; readonly status: 'unavailable'; readonly reason: string };

/**
 * Tries every backend, in the order of `auto`, and says which load here and why the others do not. While a model is
 * loaded the other backends cannot be tried, and that is their reason.
 */
export async function probeBackends(): Promise<BackendProbe[]> {
  const probes: BackendProbe[] = [];
  for (const name of PREFERENCE) {
    try {
      const lease = await useBackend(name);
      probes.push({ name, status: 'loads', detail: lease.detail });
      lease.release();
    } catch (error) {
      probes.push({ name, status: 'unavailable', reason: error instanceof Error ? error.message : String(error) });
    }
  }
  return probes;
}
