import type { Faithfulness } from '../../index.ts';
import { columns } from './columns.ts';
import { printable } from './printable.ts';

/** Areas under the curves: a row for each method, then the image centre and the random orders. */
export function faithfulnessTable({ target, grid, steps, orders, emptied, random, scores }: Faithfulness): string {
  const fills = random.map(({ fill }) => fill);
  const methods = [...new Set(scores.map(({ method }) => method))];
  const head = ['', ...fills.flatMap((fill) => [`deletion ${fill}`, `insertion ${fill}`])];
  const rows = methods.map((method) => {
    const areas = fills.flatMap((fill) => {
      const score = scores.find((one) => one.method === method && one.fill === fill);
      return [score?.deletion, score?.insertion].map((curve) => `${area(curve?.area)}${curve?.beatsRandom ? '*' : ''}`);
    });
    areas.unshift(method);
    return areas;
  });
  const byChance = [
    `random (${orders})`,
    ...random.flatMap(({ mean, low, high }) => {
      const said = `${area(mean)} [${area(low)}, ${area(high)}]`;
      return [said, said];
    }),
  ];
  const left = fills.map((fill) => `${area(emptied[fill])} with all ${fill}`).join(', ');
  const { Gh, Gw } = grid;
  return (
    `${printable(target.label)}: ${area(target.probability)}, ${left}; ${Gh} x ${Gw} cells in ${steps} steps\n` +
    columns([head, ...rows, byChance])
  );
}

function area(value: number | undefined): string {
  return value === undefined ? '' : value.toFixed(3);
}
