import { stringify } from 'csv-stringify/sync';

import type { Faithfulness } from '../../index.ts';
import { printable } from './printable.ts';

const COLUMNS = [
  'path',
  'target',
  'fill',
  'curve',
  'method',
  'area',
  'p',
  'beats_random',
  'random_mean',
  'random_low',
  'random_high',
] as const;

/** One row for each method, fill and curve. In a terminal, names are shown with their control characters escaped. */
export function faithfulnessCsv(
  path: string,
  { target, random, scores }: Faithfulness,
  { forTerminal }: { readonly forTerminal: boolean },
): string {
  const names = forTerminal ? [printable(path), printable(target.label)] : [path, target.label];
  const rows = scores.flatMap((score) =>
    (['deletion', 'insertion'] as const).map((curve) => {
      const chance = random.find(({ fill }) => fill === score.fill);
      const { area, p, beatsRandom } = score[curve];
      const said = [score.fill, curve, score.method, area, p, beatsRandom ? 'yes' : 'no'];
      return names.concat(said.map(String), [chance?.mean, chance?.low, chance?.high].map(String));
    }),
  );
  // A name that begins like a formula gets a leading apostrophe, or a spreadsheet would run it.
  return stringify([COLUMNS, ...rows], { escape_formulas: true });
}
