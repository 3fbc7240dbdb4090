import { loadCharts, SERIES_STYLE, seriesColour } from './charts.ts';
import type { Charts } from './charts.ts';
import type { ComparedPair, Comparison } from './comparison.ts';
import { alignmentChart, costChart, reliabilityChart, robustnessChart } from './comparison-charts.ts';
import { gallery, GALLERY_STYLE } from './comparison-gallery.ts';
import { imageNames, shortNames, sourceName } from './comparison-names.ts';
import { classesTable, mistakesTable, modelsTable, pairsTable } from './comparison-tables.ts';
import { verdictOf } from './comparison-verdict.ts';
import { markup, name } from './markup.ts';
import type { Markup } from './markup.ts';
import { page } from './page.ts';
import { SORT_SCRIPT, TABLE_STYLE } from './table.ts';

/**
 * A comparison as one HTML page that needs nothing else.
 *
 * @param thumbnails small pictures as data URIs, by path; an image without one is shown by its name
 */
export async function comparisonPage(
  comparison: Comparison,
  thumbnails: ReadonlyMap<string, string> = new Map(),
): Promise<string> {
  const charts = await loadCharts();
  const names = shortNames(comparison);
  const body = markup`${summary(comparison, names)}
<section><h2>Models</h2>${legend(names)}${modelsTable(comparison, names)}${modelCharts(charts, comparison, names)}</section>
${comparison.pairs.length > 0 ? pairSections({ charts, comparison, names, thumbnails }) : undefined}
${robustnessSection(charts, comparison, names)}
${classesSection(comparison, names)}
${notes(comparison, names)}`;
  return page({
    title: `${names.join(' and ')} compared`,
    body,
    style: `${TABLE_STYLE}${SERIES_STYLE}${GALLERY_STYLE}`,
    script: SORT_SCRIPT,
  });
}

function summary(comparison: Comparison, names: readonly string[]): Markup {
  const { data, pairs } = comparison;
  const labels =
    data.convention === null ? 'without labels' : `${data.labelled} with a label, read by ${data.convention}`;
  const failed = data.failures.length === 0 ? '' : `; ${data.failures.length} could not be used`;
  const verdicts = pairs.map((pair) => markup`<li>${name(verdictOf(pair, names))}</li>`);
  return markup`<p>${data.images} images of ${name(sourceName(comparison))}, ${labels}${failed}.</p><ul>${verdicts}</ul>`;
}

function legend(names: readonly string[]): Markup {
  return markup`<ul class="legend">${names.map((model, m) => markup`<li style="--colour: ${seriesColour(m)}">${name(model)}</li>`)}</ul>`;
}

function modelCharts(charts: Charts, comparison: Comparison, names: readonly string[]): Markup {
  return markup`<div class="charts">${costChart(charts, comparison, names)}${reliabilityChart(charts, comparison, names)}</div>`;
}

interface PairsOptions {
  readonly charts: Charts;
  readonly comparison: Comparison;
  readonly names: readonly string[];
  readonly thumbnails: ReadonlyMap<string, string>;
}

function pairSections({ charts, comparison, names, thumbnails }: PairsOptions): Markup {
  const shown = imageNames(comparison);
  const section = (pair: ComparedPair): Markup => {
    const [first, second] = [names[pair.first]!, names[pair.second]!];
    const alignment = pair.alignment === null ? undefined : alignmentChart(charts, pair.alignment, [first, second]);
    return markup`<section><h3>${name(first)} and ${name(second)}</h3>${gallery(pair, { names, thumbnails, shown })}${alignment}</section>`;
  };
  return markup`<section><h2>Where they differ</h2>${pairsTable(comparison, names)}${comparison.pairs.map((pair) => section(pair))}</section>`;
}

function robustnessSection(charts: Charts, { robustness }: Comparison, names: readonly string[]): Markup | undefined {
  const [first] = robustness;
  if (first === undefined) return undefined;
  const isLabelled = first.models.every(({ accuracy }) => accuracy !== null);
  const drawn = robustness.map((curves) => robustnessChart(charts, curves, names));
  return markup`<section><h2>Made harder</h2><p>Measured on ${first.images} images, the same for every model${isLabelled ? '; top-1 is of those with a label' : ''}.</p>${legend(names)}<div class="charts">${drawn}</div></section>`;
}

function classesSection(comparison: Comparison, names: readonly string[]): Markup | undefined {
  const table = classesTable(comparison, names);
  return table === undefined
    ? undefined
    : markup`<section><h2>Classes</h2>${table}${mistakesTable(comparison, names)}</section>`;
}

const SHOWN_FAILURES = 100;

function notes(comparison: Comparison, names: readonly string[]): Markup {
  const { data, machine, models, patchlens, seed } = comparison;
  const shown = imageNames(comparison);
  const failures = data.failures.slice(0, SHOWN_FAILURES).map(({ path, message }) => {
    const said = message.startsWith(path) ? `${shown(path)}${message.slice(path.length)}` : message;
    return markup`<li>${name(said)}</li>`;
  });
  const more =
    data.failures.length > SHOWN_FAILURES
      ? markup`<li>and ${data.failures.length - SHOWN_FAILURES} more</li>`
      : undefined;
  const speed = models[0]?.speed;
  const timed = speed
    ? ` Each model was timed ${speed.rounds} times in turn with the others, at batch 1 for the latency and batch ${speed.batchSize} for images a second.`
    : '';
  const recipes = models.map(
    ({ imageSize, interpolation }, m) =>
      markup`<li>${name(names[m]!)}: ${imageSize.height} × ${imageSize.width} pixels, ${interpolation}</li>`,
  );
  return markup`<section><h2>How it was measured</h2>
<p>patchlens ${patchlens} on Node ${machine.node}, ${name(machine.processor)}, ${machine.parallelism} threads; seed ${seed}.${timed}</p>
<p>A model is called better where the 95 % interval of the paired bootstrap excludes zero and McNemar's test, corrected after Holm for the number of pairs, gives p below 0.05. That no difference is shown does not show that there is none.</p>
<p>Each model prepares images by its own recipe:</p><ul>${recipes}</ul>
${failures.length > 0 ? markup`<h3>Images that could not be used</h3><ul>${failures}${more}</ul>` : undefined}</section>`;
}
