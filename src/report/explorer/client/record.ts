import type { PageRecord } from '../page-record.ts';
import { unpack } from '../packed.ts';
import { find } from './dom.ts';

/** The record that the page carries: JSON beside deflated bytes in base64. */
export async function readRecord(): Promise<PageRecord> {
  const json = find('record', HTMLScriptElement).textContent;
  const compressed = bytesOf(find('numbers', HTMLScriptElement).textContent);
  const stream = new Blob([compressed]).stream().pipeThrough(new DecompressionStream('deflate-raw'));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  // The page was written from such a record, with this script.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return unpack(json, bytes) as PageRecord;
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i += 1) bytes[i] = text.charCodeAt(i);
  return bytes;
}
