import type * as Plot from '@observablehq/plot';

import { Markup, markup } from './markup.ts';

type PlotModule = typeof Plot;

/** Draws charts as SVG, in a document of its own: nothing is left to be drawn by the reader's browser. */
export interface Charts {
  readonly plot: PlotModule;
  /**
   * An SVG as it stands in HTML.
   *
   * @param about says in a sentence what the chart shows, for those who do not see it
   */
  readonly svg: (options: Plot.PlotOptions, about: string) => string;
  /** An SVG for a file of its own, with its own rules. */
  readonly file: (options: Plot.PlotOptions, about: string, rules: string) => string;
  /** The same under its title. */
  readonly draw: (options: Plot.PlotOptions, chart: { readonly title: string; readonly about: string }) => Markup;
}

/** So wide that two stand side by side on a screen and one fills a telephone without its letters shrinking. */
const SIZE = { width: 400, height: 280 };

/** Loads the libraries, which a command that draws nothing should not wait for. */
export async function loadCharts(): Promise<Charts> {
  const [plot, { parseHTML }] = await Promise.all([import('@observablehq/plot'), import('linkedom')]);
  const { document } = parseHTML('<!doctype html><html><body></body></html>');
  const drawn = (options: Plot.PlotOptions, about: string) => {
    const style = { fontSize: '12px', background: 'none' };
    const svg = plot.plot({ ...SIZE, style, ...options, document });
    // Plot names its groups for readers, but a group without a role may have no such name, and the sentence says all.
    for (const group of svg.querySelectorAll('[aria-label]')) {
      group.setAttribute('data-mark', group.getAttribute('aria-label') ?? '');
      group.removeAttribute('aria-label');
    }
    svg.setAttribute('role', 'img');
    svg.setAttribute('aria-label', about);
    return svg;
  };
  // Within HTML the name space is known; written out it would look like an address to fetch from.
  const svg: Charts['svg'] = (options, about) =>
    drawn(options, about).outerHTML.replaceAll(/ xmlns(?::\w+)?="[^"]*"/g, '');
  return {
    plot,
    svg,
    file: (options, about, rules) => {
      const element = drawn(options, about);
      const style = document.createElement('style');
      style.textContent = rules;
      element.prepend(style);
      element.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
      return `${element.outerHTML}\n`;
    },
    draw: (options, { title, about }) =>
      markup`<figure class="chart"><figcaption>${title}</figcaption>${new Markup(svg(options, about))}</figure>`,
  };
}

/** Colours that are told apart in both themes and by most who see colours differently (after Okabe and Ito). */
export const SERIES_STYLE = `
:root { --series-0: light-dark(#0072b2, #56b4e9); --series-1: light-dark(#d55e00, #e69f00); --series-2: light-dark(#009e73, #2bc99b);
  --series-3: light-dark(#b0478a, #e58fc4); --series-4: light-dark(#6a51a3, #b3a2e8); --series-5: light-dark(#8c6d1f, #d9c36a); }
.chart { margin: 0; min-width: 0; } .chart figcaption { font-weight: 600; margin-bottom: .25rem; }
.chart svg { --plot-background: var(--background); max-width: 100%; height: auto; overflow: visible; }
.charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 22rem), 1fr)); gap: 1.5rem; }
.legend { display: flex; flex-wrap: wrap; gap: .25rem 1rem; padding: 0; margin: .25rem 0 1rem; list-style: none; }
.legend li::before { content: ""; display: inline-block; width: .8em; height: .8em; margin-right: .4em; border-radius: 2px; background: var(--colour); }
`;

const SERIES = 6;

export function seriesColour(index: number): string {
  return `var(--series-${index % SERIES})`;
}

/** Dashes tell series apart where colour does not. */
export function seriesDash(index: number): string {
  return ['none', '6 3', '2 3', '8 3 2 3', '12 3', '1 2'][index % SERIES]!;
}
