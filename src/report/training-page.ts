import { loadCharts, SERIES_STYLE, seriesColour, seriesDash } from './charts.ts';
import type { Charts } from './charts.ts';
import { markup, name } from './markup.ts';
import type { Markup } from './markup.ts';
import { percent, short } from './numbers.ts';
import { page } from './page.ts';
import type { CurvePoint, TrainingRecord, Trial } from './training.ts';

/** A training run as one HTML page that needs nothing else. */
export async function trainingPage(record: TrainingRecord): Promise<string> {
  const charts = await loadCharts();
  const { facts, curve } = record;
  const rows = facts.map(([key, value]) => markup`<dt>${key}</dt><dd>${name(value)}</dd>`);
  const body = markup`<p>${summaryOf(record)}</p>
${curve.length === 0 ? undefined : curves(charts, record)}
<section><h2>Recipe</h2><dl class="facts">${rows}</dl></section>`;
  return page({ title: `Training of ${record.name}`, body, style: `${SERIES_STYLE}${STYLE}` });
}

const STYLE = `
.facts { display: grid; grid-template-columns: minmax(8rem, max-content) minmax(0, 1fr); gap: .2rem 1rem; }
.facts dt { color: var(--quiet); } .facts dd { margin: 0; overflow-wrap: anywhere; }
.charts { margin-top: 1.5rem; }
`;

function summaryOf({ curve, trials, steps }: TrainingRecord): string {
  const step = curve.at(-1)?.step ?? 0;
  const far = step === steps ? `All ${steps} steps are done.` : `${step} of ${steps} steps are done.`;
  const last = trials.at(-1);
  if (last === undefined) return far;
  const best = trials.reduce((a, b) => (b.top1 > a.top1 ? b : a));
  const highest = best.step === last.step ? '' : ` The highest was ${percent(best.top1)}, after step ${best.step}.`;
  return `${far} After step ${last.step} the model gets ${percent(last.top1)} of ${last.images} validation images right.${highest}`;
}

function curves(charts: Charts, { curve, trials, isDistilled }: TrainingRecord): Markup {
  const tried = trials.length > 0;
  const of = (key: keyof CurvePoint): Series => ({
    name: 'training',
    style: 0,
    points: curve.map((at) => [at.step, at[key]]),
  });
  const trial = (key: keyof Trial): Series => ({
    name: 'validation',
    style: 1,
    points: trials.map((at) => [at.step, at[key]]),
  });
  const drawn = [
    ...(isDistilled
      ? [
          lineChart(charts, "Loss of training, the teacher's part in it", [of('loss')]),
          ...(tried ? [lineChart(charts, 'Loss of validation', [trial('loss')])] : []),
        ]
      : [lineChart(charts, 'Loss', tried ? [of('loss'), trial('loss')] : [of('loss')])]),
    lineChart(charts, 'Right, in percent', tried ? [of('accuracy'), trial('top1')] : [of('accuracy')], SHARE),
    lineChart(charts, 'Learning rate', [of('learningRate')]),
    lineChart(charts, 'Norm of the gradients, before it is clipped', [of('gradientNorm')]),
    lineChart(charts, 'Images per second', [of('imagesPerSecond')]),
  ];
  const legend = markup`<ul class="legend"><li style="--colour: ${seriesColour(0)}">training, on augmented images</li><li style="--colour: ${seriesColour(1)}">validation</li></ul>`;
  return markup`<section><h2>Curves</h2>${tried ? legend : undefined}<div class="charts">${drawn}</div></section>`;
}

const SHARE = { grid: true, label: null, tickFormat: (share: number) => `${Math.round(share * 100)}` } as const;

interface Series {
  readonly name: string;
  /** Its place in the legend. */
  readonly style: number;
  readonly points: readonly (readonly [step: number, value: number])[];
}

function lineChart({ plot, draw }: Charts, title: string, series: readonly Series[], y: object = {}): Markup {
  const marks = series.flatMap(({ points, style }) => [
    plot.line(points, {
      x: '0',
      y: '1',
      stroke: seriesColour(style),
      strokeDasharray: seriesDash(style),
      strokeWidth: 1.5,
    }),
    // A line of few points, or of one, would not be seen.
    ...(points.length <= FEW ? [plot.dot(points, { x: '0', y: '1', fill: seriesColour(style), r: 3 })] : []),
  ]);
  const about = series.map(({ name: of, points }) => {
    const [first, last] = [points[0], points.at(-1)];
    return `${of}: from ${rounded(first?.[1])} at step ${first?.[0]} to ${rounded(last?.[1])} at step ${last?.[0]}`;
  });
  return draw(
    {
      marks,
      x: { label: 'Step', labelAnchor: 'center', labelArrow: 'none', tickFormat: short, ticks: 5, insetRight: 4 },
      y: { grid: true, label: null, ...y },
      color: { type: 'identity' },
      marginBottom: 40,
      marginLeft: 52,
    },
    { title, about: `${title}. ${about.join('; ')}.` },
  );
}

const FEW = 25;

function rounded(value = Number.NaN): string {
  return String(Number(value.toPrecision(3)));
}
