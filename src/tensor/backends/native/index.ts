import { availableParallelism } from 'node:os';

import { enableProdMode, setBackend } from '../../tfjs.ts';
import { BackendError } from '../../../errors.ts';
import type { Backend } from '../backend.ts';
import type { Addon } from './addon.ts';
import { loadAddon } from './addon.ts';
import type { NativeBackend } from './native-backend.ts';
import { chosenInstructionSet } from './instruction-set.ts';
import { precisionOf } from './precision-codes.ts';
import { recorder } from './recording.ts';
import { resampler } from './resample.ts';
import { updateKernels } from './update-kernels.ts';

/** Storage of the tfjs CPU backend with our C++ kernels on its arrays, compiled when the package is installed. */
export const native: Backend = {
  name: 'native',
  async load({ threads = availableParallelism() }) {
    enableProdMode(); // Otherwise the CPU backend prints a banner on first use.
    const addon = loadAddon();
    const names = addon.instructionSets();
    const index = chosenInstructionSet(names);
    const automatic = precisionOf(addon.select(index, threads));
    const storage = await registered(addon);
    if (selected !== index) storage.forgetPackedForms();
    selected = index;
    if (!(await setBackend('native'))) {
      throw new BackendError('BACKEND_UNAVAILABLE', 'backend native: expected tfjs to take it. Use --backend wasm.');
    }
    const count = `${threads} thread${threads === 1 ? '' : 's'}`;
    return {
      threads,
      automatic,
      detail: `C++ kernels, ${described(names[index]!)}, ${automatic}, ${count}`,
      resample: resampler(addon),
      updates: updateKernels(addon, storage),
      startRecording: recorder(storage, addon),
    };
  },
};

/** Sets whose kernels have run in an emulator only: their numbers are checked, their speed is not. */
const EMULATED: ReadonlySet<string> = new Set(['amx', 'avx512-bf16', 'avx512', 'neon']);

function described(instructionSet: string): string {
  return EMULATED.has(instructionSet) ? `${instructionSet} (tested by emulation, not yet timed)` : instructionSet;
}

let storage: Promise<NativeBackend> | undefined;
let selected: number | undefined;

/** Once: tfjs keeps a registered backend and its kernels for the life of the process. */
async function registered(addon: Addon): Promise<NativeBackend> {
  // Only here, because it loads tfjs's CPU backend, which a process on another backend can do without.
  const { registerNative } = await import('./register.ts');
  storage ??= Promise.resolve(registerNative(addon));
  return storage;
}
