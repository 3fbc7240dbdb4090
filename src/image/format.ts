/** The encodings that `decodeImage` reads. */
export type ReadableFormat = 'jpeg' | 'png' | 'gif' | 'webp' | 'tiff' | 'avif' | 'svg' | 'bmp';

/** Encodings that are recognised only to say so: no decoder for them comes with the package. */
type ForeignFormat = 'HEIC' | 'JPEG XL' | 'JPEG 2000' | 'Photoshop' | 'PDF' | 'icon';

type Format =
  | { readonly kind: 'readable'; readonly format: ReadableFormat }
  | { readonly kind: 'foreign'; readonly format: ForeignFormat }
  /** `description` completes «expected an image, got …». */
  | { readonly kind: 'unknown'; readonly description: string };

const READABLE: readonly (readonly [ReadableFormat, (bytes: Uint8Array) => boolean])[] = [
  ['jpeg', startsWith('\xff\xd8\xff')],
  ['png', startsWith('\x89PNG\r\n\x1a\n')],
  ['gif', (bytes) => startsWith('GIF87a')(bytes) || startsWith('GIF89a')(bytes)],
  ['webp', (bytes) => startsWith('RIFF')(bytes) && startsWith('WEBP', 8)(bytes)],
  // The fourth byte 43 is BigTIFF.
  ['tiff', (bytes) => ['II*\0', 'MM\0*', 'II+\0', 'MM\0+'].some((magic) => startsWith(magic)(bytes))],
  ['avif', (bytes) => brandsOf(bytes).some((brand) => brand === 'avif' || brand === 'avis')],
  ['bmp', startsWith('BM')],
  ['svg', isSvg],
];

const FOREIGN: readonly (readonly [ForeignFormat, (bytes: Uint8Array) => boolean])[] = [
  ['HEIC', (bytes) => brandsOf(bytes).some((brand) => /^(hei|hev|mif1|msf1)/.test(brand))],
  ['JPEG XL', (bytes) => startsWith('\xff\x0a')(bytes) || startsWith('\0\0\0\x0cJXL ')(bytes)],
  ['JPEG 2000', (bytes) => startsWith('\0\0\0\x0cjP  ')(bytes) || startsWith('\xff\x4f\xff\x51')(bytes)],
  ['Photoshop', startsWith('8BPS')],
  ['PDF', startsWith('%PDF-')],
  ['icon', startsWith('\0\0\x01\0')],
];

/** What the bytes are by their content; file names are not looked at. */
export function formatOf(bytes: Uint8Array): Format {
  for (const [format, matches] of READABLE) if (matches(bytes)) return { kind: 'readable', format };
  for (const [format, matches] of FOREIGN) if (matches(bytes)) return { kind: 'foreign', format };
  return { kind: 'unknown', description: descriptionOf(bytes) };
}

function startsWith(magic: string, offset = 0): (bytes: Uint8Array) => boolean {
  return (bytes) => latin1(bytes, offset, offset + magic.length) === magic;
}

function latin1(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1', start, end);
}

/** The major and compatible brands of an ISO media file's first box, as four-letter words. */
function brandsOf(bytes: Uint8Array): readonly string[] {
  if (!startsWith('ftyp', 4)(bytes)) return [];
  const size = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
  const words = latin1(bytes, 8, Math.min(size, 256)).match(/[^]{4}/g) ?? [];
  return words.filter((_, index) => index !== 1); // the second word is the version
}

/** Prologue length that real drawing programs stay below, entity declarations included. */
const SVG_HEAD_BYTES = 65_536;

/** Whether the root element is `svg`, behind an XML declaration, comments and a document type. */
function isSvg(bytes: Uint8Array): boolean {
  let rest = textHead(bytes, SVG_HEAD_BYTES).trimStart();
  while (/^<[?!]/.test(rest)) {
    const end = rest.startsWith('<!--') ? '-->' : rest.startsWith('<?') ? '?>' : /^<![^>[]*\[/.test(rest) ? ']>' : '>';
    const at = rest.indexOf(end);
    if (at < 0) return false;
    rest = rest.slice(at + end.length).trimStart();
  }
  return /^<(?:\w+:)?svg[\s/>]/.test(rest);
}

function textHead(bytes: Uint8Array, length: number): string {
  return new TextDecoder().decode(bytes.subarray(0, length));
}

function descriptionOf(bytes: Uint8Array): string {
  if (bytes.length === 0) return 'an empty file';
  const head = bytes.subarray(0, 512);
  if (/^\s*<(!doctype html|html)/i.test(textHead(head, 512))) return `an HTML page of ${bytes.length} bytes`;
  // Bytes that text in any encoding derived from ASCII holds: tab, line ends, and everything from the space up.
  if (head.every((byte) => byte >= 32 || (byte >= 9 && byte <= 13))) return `${bytes.length} bytes of text`;
  const start = [...head.subarray(0, 8)].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
  return `${bytes.length} bytes of an unknown kind, starting ${start}`;
}
