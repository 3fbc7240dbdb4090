import type { Io } from '../patchlens.ts';
import { printable } from './printable.ts';

/** Tells the user something beside the results, on stderr. */
export function note(io: Io, text: string): void {
  io.stderr.write(`patchlens: ${printable(text)}\n`);
}
