import pc from 'picocolors';

import type { Io, OutputStream } from '../patchlens.ts';

export type Colours = ReturnType<typeof pc.createColors>;

/**
 * The colours for one stream: none with `--no-color` or `NO_COLOR`; those of `FORCE_COLOR` even into a pipe (`0` means
 * none); otherwise only on a terminal that understands them.
 */
export function coloursFor(stream: OutputStream, env: Io['env'], flag = true): Colours {
  return pc.createColors(flag && wantsColour(stream, env));
}

function wantsColour(stream: OutputStream, env: Io['env']): boolean {
  if (env['NO_COLOR']) return false;
  const forced = env['FORCE_COLOR'];
  if (forced !== undefined && forced !== '') return forced !== '0' && forced !== 'false';
  return isTerminal(stream) && env['TERM'] !== 'dumb';
}

export function isTerminal(stream: OutputStream): boolean {
  return stream.isTTY === true;
}
