import { readFile } from 'node:fs/promises';

import type { ExplorerData } from '../../src/report/explorer/explorer-data.ts';
import { explorerPage } from '../../src/report/explorer/explorer-page.ts';

/** The page of a record, with the script as it was last built. */
export async function explorerHtml(data: ExplorerData): Promise<string> {
  const script = await readFile(new URL('../../src/report/explorer/client.js', import.meta.url), 'utf8');
  let html = '';
  for await (const piece of explorerPage(data, script)) html += piece;
  return html;
}
