import { loadCharts } from './charts.ts';
import { percent } from './numbers.ts';

/** The accuracy of networks by the number of images that they were trained on. */
export interface StudyCurves {
  readonly validationImages: number;
  readonly models: readonly {
    readonly name: string;
    readonly points: readonly {
      readonly images: number;
      /** Of each seed, 0…1. */
      readonly top1: readonly number[];
      readonly mean: number;
      readonly deviation: number | undefined;
    }[];
  }[];
}

const SIZE = { width: 640, height: 400 };

/** An SVG of means with bars of one standard deviation to each side, and a small dot for each seed. */
export async function studyFigure({ models, validationImages }: StudyCurves): Promise<string> {
  const { plot, file } = await loadCharts();
  const marks = models.flatMap(({ name, points }, m) => {
    const seeds = points.flatMap(({ images, top1 }) => top1.map((y) => ({ x: images, y })));
    const bars = points.flatMap(({ images, mean, deviation }) =>
      deviation === undefined ? [] : [{ x: images, low: mean - deviation, high: mean + deviation }],
    );
    const colour = COLOURS[m % COLOURS.length]!;
    const at = { x: 'images', y: 'mean' } as const;
    return [
      plot.line(points, { ...at, stroke: colour, strokeWidth: 2, strokeDasharray: m === 0 ? 'none' : '6 3' }),
      plot.ruleX(bars, { x: 'x', y1: 'low', y2: 'high', stroke: colour, strokeWidth: 1.5 }),
      plot.dot(points, { ...at, fill: colour, r: 4 }),
      plot.dot(seeds, { x: 'x', y: 'y', stroke: colour, strokeOpacity: 0.5, r: 2 }),
      plot.text(points.slice(-1), { ...at, text: () => name, dx: 10, textAnchor: 'start', fill: colour }),
    ];
  });
  const counts = [...new Set(models.flatMap(({ points }) => points.map(({ images }) => images)))];
  const about = models.map(
    ({ name, points }) => `${name}: ${points.map(({ images, mean }) => `${percent(mean)} of ${images}`).join(', ')}`,
  );
  return file(
    {
      ...SIZE,
      marks,
      x: {
        type: 'log',
        label: 'Training images',
        labelAnchor: 'center',
        labelArrow: 'none',
        ticks: counts,
        tickFormat: 'd',
      },
      y: { label: `Right of ${validationImages} validation images, in percent`, grid: true, tickFormat: inPercent },
      color: { type: 'identity' },
      marginRight: 90,
      marginBottom: 44,
    },
    `Accuracy by the number of training images. ${about.join('; ')}.`,
    STYLE,
  );
}

function inPercent(share: number): string {
  return String(Math.round(share * 100));
}

// An SVG in a page of its own has no theme but the reader's.
const COLOURS = ['var(--first)', 'var(--second)', 'var(--third)', 'var(--fourth)'];
const STYLE = `
svg { --first: #0072b2; --second: #d55e00; --third: #009e73; --fourth: #b0478a; --plot-background: #ffffff; color: #1f2328; }
@media (prefers-color-scheme: dark) {
  svg { --first: #56b4e9; --second: #e69f00; --third: #2bc99b; --fourth: #e58fc4; --plot-background: #0d1117; color: #e6edf3; }
}`;
