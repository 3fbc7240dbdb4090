import type { OutputStream } from '../patchlens.ts';
import type { Colours } from './colours.ts';
import { isTerminal } from './colours.ts';
import { columns, GAP } from './columns.ts';
import { displayWidth } from './fit.ts';
import { printable } from './printable.ts';

export type Fact = readonly [name: string, value: string];

export interface FactsOptions {
  readonly colours: Colours;
  /** The terminal whose width values are wrapped to; into a pipe or a file each goes on one line. */
  readonly stream: OutputStream;
}

/** Names and values in two columns. */
export function facts(rows: readonly Fact[], { colours, stream }: FactsOptions): string {
  const names = Math.max(...rows.map(([name]) => displayWidth(printable(name))));
  const values = Math.max(...rows.map(([, value]) => displayWidth(printable(value))));
  const room = isTerminal(stream) ? Math.max(20, (stream.columns ?? 80) - names - GAP) : values;
  const cells = rows.map(([name, value]) => [
    colours.dim(printable(name)),
    { content: printable(value), wordWrap: true },
  ]);
  return columns(cells, { widths: [names, Math.min(room, values)] });
}
