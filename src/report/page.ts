import { createHash } from 'node:crypto';

import { escaped } from './markup.ts';
import type { Markup } from './markup.ts';

export interface PageOptions {
  readonly title: string;
  readonly body: Markup;
  /** Rules beside those of every page. */
  readonly style?: string | undefined;
  /** The page's own script, which finds the document parsed. It and no other may run. */
  readonly script?: string | undefined;
}

/**
 * A whole HTML page in one file: light and dark as the reader's system is, readable from 360 pixels on, and shut off
 * from the network by its own policy, so that nothing it shows can load or send anything.
 */
export function page({ title, body, style = '', script }: PageOptions): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policyOf(script)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<style>${STYLE}${style}</style>
</head>
<body>
<main>
<h1>${escaped(title)}</h1>
${body.text}
</main>
${script === undefined ? '' : `<script>${script}</script>\n`}</body>
</html>
`;
}

// Styles may stand in attributes, where the shade of a cell is; a script runs only if it is, letter by letter, ours.
function policyOf(script: string | undefined): string {
  const digest = script === undefined ? undefined : createHash('sha256').update(script).digest('base64');
  const scripts = digest === undefined ? "'none'" : `'sha256-${digest}'`;
  return `default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src ${scripts}; base-uri 'none'; form-action 'none'`;
}

const STYLE = `
:root { color-scheme: light dark; --text: light-dark(#1f2328, #e6edf3); --background: light-dark(#ffffff, #0d1117);
  --quiet: light-dark(#59636e, #9198a1); --line: light-dark(#d0d7de, #30363d); --raised: light-dark(#f6f8fa, #151b23);
  --accent: light-dark(#0969da, #4493f8); --positive: light-dark(#1a7f37, #3fb950); --negative: light-dark(#cf222e, #f85149); }
* { box-sizing: border-box; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0; color: var(--text); background: var(--background); }
main { margin: 2rem auto; max-width: 72rem; padding: 0 1rem; }
h1 { font-size: 1.5rem; overflow-wrap: anywhere; } h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; } h3 { font-size: 1rem; margin: 1.25rem 0 .5rem; }
small { font-weight: normal; font-size: .85em; color: var(--quiet); }
a { color: var(--accent); }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
.name { overflow-wrap: anywhere; }
@media (prefers-reduced-motion: no-preference) { html { scroll-behavior: smooth; } }
`;
