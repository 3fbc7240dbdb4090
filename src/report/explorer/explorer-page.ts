import { colourTable } from '../figure/colour-map.ts';
import { Markup, visible } from '../markup.ts';
import { page } from '../page.ts';
import { EXPLORER_BODY } from './explorer-body.ts';
import type { ExplorerData } from './explorer-data.ts';
import { EXPLORER_STYLE } from './explorer-style.ts';
import { pack } from './packed.ts';
import { TABLES } from './page-record.ts';

/** Characters of base64 in one piece of the page; whole groups of three bytes. */
const PIECE = 3 * 2 ** 18;

/**
 * The explorer as one HTML page, piece by piece: the record as JSON, its numbers deflated, and the script that shows them.
 *
 * @param script the client, bundled.
 */
export async function* explorerPage(data: ExplorerData, script: string): AsyncGenerator<string, void, undefined> {
  // An HTML parser would end the script at such a word inside it, or read on beyond its end.
  if (/<\/script|<!--/i.test(script)) throw new Error('explorer script: expected no </script or <!--');
  const tables = Object.fromEntries(TABLES.map((name) => [name, colourTable(name)]));
  const { json, bytes } = pack({ data, tables });
  const body = new Markup(`${EXPLORER_BODY.text}\n${RECORD}`);
  const title = visible(data.title);
  const [before = '', after = ''] = page({ title, body, style: EXPLORER_STYLE, script }).split(RECORD);
  yield before;
  yield `<script type="application/json" id="record">${json.replaceAll('<', '\\u003c')}</script>\n`;
  yield '<script type="application/octet-stream" id="numbers">';
  const compressed = await deflated(bytes);
  for (let start = 0; start < compressed.length; start += PIECE) {
    yield Buffer.from(compressed.subarray(start, start + PIECE)).toString('base64');
  }
  yield `</script>${after}`;
}

/** Where the record stands in the page; no title can hold it, because titles are escaped. */
const RECORD = '<!--record-->';

async function deflated(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream('deflate-raw'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
