import { seriesColour, seriesDash } from './charts.ts';
import type { Charts } from './charts.ts';
import type { Alignment, Comparison, RobustnessCurves } from './comparison.ts';
import { visible } from './markup.ts';
import type { Markup } from './markup.ts';
import { percent, short } from './numbers.ts';

const SHARE = {
  domain: [0, 1],
  grid: true,
  tickFormat: (share: number) => `${Math.round(share * 100)}`,
  label: null,
} as const;

/** The name of an axis in the middle below its ticks, where it meets none of them. */
const BELOW = { labelAnchor: 'center', labelArrow: 'none' } as const;

/** What the models cost and what they give for it. */
export function costChart(
  { plot, draw }: Charts,
  { models }: Comparison,
  names: readonly string[],
): Markup | undefined {
  const points = models.flatMap(({ cost, accuracy, speed }, m) => {
    const height = accuracy?.top1 ?? speed?.latency.median;
    return height === undefined ? [] : [{ m, x: cost.multiplyAdds, y: height, interval: accuracy?.top1Interval }];
  });
  if (points.length < 2) return undefined;
  const hasLabels = models.some(({ accuracy }) => accuracy !== null);
  const what = hasLabels ? 'Top-1 in percent' : 'Latency in milliseconds';
  // Names stand on the side that has more room.
  const middle = Math.sqrt(Math.min(...points.map(({ x }) => x)) * Math.max(...points.map(({ x }) => x)));
  const colours = {
    stroke: (point: { m: number }) => seriesColour(point.m),
    fill: (point: { m: number }) => seriesColour(point.m),
  };
  const marks = [
    ...(hasLabels
      ? [plot.ruleX(points, { x: 'x', y1: (p) => p.interval?.low, y2: (p) => p.interval?.high, ...colours })]
      : []),
    plot.dot(points, { x: 'x', y: 'y', r: 5, ...colours }),
    ...(['start', 'end'] as const).map((textAnchor) =>
      plot.text(
        points.filter(({ x }) => x > middle === (textAnchor === 'end')),
        { x: 'x', y: 'y', text: (p) => shortened(names[p.m]!), dx: textAnchor === 'end' ? -10 : 10, textAnchor },
      ),
    ),
  ];
  const about = points.map(
    ({ m, x, y }) => `${visible(names[m]!)}: ${short(x)} multiply-adds, ${hasLabels ? percent(y) : y.toFixed(1)}`,
  );
  return draw(
    {
      marks,
      x: {
        ...BELOW,
        type: 'log',
        label: 'Multiply-adds of an image',
        tickFormat: short,
        ticks: 3,
        grid: true,
        inset: 24,
      },
      marginBottom: 42,
      y: hasLabels ? SHARE : { label: null, zero: true, grid: true },
      color: { type: 'identity' },
    },
    { title: `${what}, against multiply-adds`, about: `${what}. ${about.join('; ')}.` },
  );
}

/** How far each model's confidence can be taken for the chance of being right. */
export function reliabilityChart(
  { plot, draw }: Charts,
  { models }: Comparison,
  names: readonly string[],
): Markup | undefined {
  const bins = models.flatMap(({ accuracy }, m) =>
    (accuracy?.reliability ?? []).flatMap((bin) =>
      bin.accuracy === null || bin.confidence === null
        ? []
        : [{ m, x: bin.confidence, y: bin.accuracy, images: bin.images }],
    ),
  );
  if (bins.length === 0) return undefined;
  const ofModel = { z: 'm', stroke: (bin: { m: number }) => seriesColour(bin.m) };
  const perModel = models.map((_, m) =>
    plot.line(
      bins.filter((bin) => bin.m === m),
      { x: 'x', y: 'y', strokeDasharray: seriesDash(m), ...ofModel },
    ),
  );
  const about = models.map(
    ({ accuracy }, m) => `${visible(names[m]!)}: ${percent(accuracy?.expectedCalibrationError ?? 0)}`,
  );
  return draw(
    {
      marks: [
        plot.line(
          [
            [0, 0],
            [1, 1],
          ],
          { stroke: 'currentColor', strokeOpacity: 0.4, strokeDasharray: '2 4' },
        ),
        ...perModel,
        plot.dot(bins, { x: 'x', y: 'y', r: 'images', ...ofModel }),
      ],
      x: { ...SHARE, ...BELOW, label: 'Confidence in percent' },
      marginBottom: 42,
      y: SHARE,
      r: { range: [1.5, 6] },
      color: { type: 'identity' },
    },
    {
      title: 'Share that was right, in percent',
      about: `Reliability curves. Expected calibration error: ${about.join('; ')}.`,
    },
  );
}

export function robustnessChart({ plot, draw }: Charts, curves: RobustnessCurves, names: readonly string[]): Markup {
  const { kind, unit, levels, models } = curves;
  const hasLabels = models.every(({ accuracy }) => accuracy !== null);
  const points = models.flatMap(({ accuracy, unchanged, cleanAccuracy }, m) => {
    const shares = [hasLabels ? cleanAccuracy! : 1, ...(hasLabels ? accuracy! : unchanged)];
    return shares.map((y, x) => ({ m, x, y }));
  });
  const ofModel = { z: 'm', stroke: (point: { m: number }) => seriesColour(point.m) };
  const perModel = models.map((_, m) =>
    plot.line(
      points.filter((point) => point.m === m),
      { x: 'x', y: 'y', strokeDasharray: seriesDash(m), strokeWidth: 2, ...ofModel },
    ),
  );
  const what = hasLabels ? 'top-1' : 'answers that stay';
  const about = models.map(
    (_, m) =>
      `${visible(names[m]!)} ${points
        .filter((p) => p.m === m)
        .map(({ y }) => percent(y))
        .join(', ')}`,
  );
  return draw(
    {
      marks: [
        plot.ruleY([0], { strokeOpacity: 0.4 }),
        ...perModel,
        plot.dot(points, { x: 'x', y: 'y', fill: (p: { m: number }) => seriesColour(p.m), r: 3 }),
      ],
      x: {
        ...BELOW,
        label: unit,
        ticks: [0, ...levels.map((_, i) => i + 1)],
        tickFormat: (x: number) => (x === 0 ? 'as is' : String(levels[x - 1])),
        insetLeft: 8,
      },
      y: SHARE,
      marginBottom: 42,
      color: { type: 'identity' },
    },
    {
      title: `${kind}: ${what}, in percent`,
      about: `${kind}, ${unit}. From as is over ${levels.join(', ')}: ${about.join('; ')}.`,
    },
  );
}

/** A heat map: which layers of one model see images alike as which of the other. */
export function alignmentChart(
  { plot, draw }: Charts,
  { rows, columns, values, images }: Alignment,
  [first, second]: readonly [string, string],
): Markup {
  const cells = values.flatMap((row, i) =>
    row.map((value, j) => ({ i, j, value: value === null ? 0 : Math.min(1, Math.max(0, value)) })),
  );
  const best = cells.reduce((a, b) => (b.value > a.value ? b : a));
  const axis = (names: readonly string[], label: string) => ({
    ...BELOW,
    label,
    domain: names.map((_, i) => i),
    ticks: someOf(names.length),
    tickFormat: (i: number) => shortened(names[i] ?? '', 10),
  });
  return draw(
    {
      marks: [plot.cell(cells, { x: 'j', y: 'i', fill: 'var(--accent)', fillOpacity: 'value', inset: 0.25 })],
      x: { ...axis(columns, shortened(second)), tickRotate: -45 },
      y: { ...axis(rows, shortened(first)), reverse: true },
      opacity: { domain: [0, 1], range: [0.02, 1] },
      color: { type: 'identity' },
      marginLeft: 78,
      marginBottom: 78,
      height: 380,
    },
    {
      title: `Alignment of layers, the stronger the colour the more alike: ${images} images`,
      about: `Heat map of the alignment of ${rows.length} layers of ${visible(first)} with ${columns.length} of ${visible(second)}; the most alike are ${rows[best.i]} and ${columns[best.j]}, ${best.value.toFixed(2)}.`,
    },
  );
}

/** So many ticks that their names do not run into each other, the last one among them. */
function someOf(count: number): number[] {
  const step = Math.ceil(count / 8);
  const last = count - 1;
  return Array.from({ length: count }, (_, i) => i).filter((i) => i === last || (i % step === 0 && last - i >= step));
}

/** A name for a place with little room. */
function shortened(text: string, length = 24): string {
  const letters = Array.from(visible(text));
  return letters.length <= length ? letters.join('') : `${letters.slice(0, length - 1).join('')}…`;
}
