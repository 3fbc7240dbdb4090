/**
 * Run-length coded indices as one byte a pixel, in stored row order. What the code skips or leaves out is index 0, and
 * what it writes past the end of a row is dropped, as in Pillow; reading past the end of `bytes` ends the image.
 */
export function unpackRle(bytes: Uint8Array, width: number, height: number, fourBit: boolean): Uint8Array {
  const indices = new Uint8Array(width * height);
  let x = 0;
  let y = 0;
  let at = 0;
  const put = (index: number): void => {
    if (x < width && y < height) indices[y * width + x] = index;
    x++;
  };
  while (at + 1 < bytes.length && y < height) {
    const count = bytes[at++]!;
    const value = bytes[at++]!;
    if (count > 0) {
      for (let i = 0; i < count; i++) put(fourBit ? nibble(value, i) : value);
    } else if (value === END_OF_LINE) {
      x = 0;
      y++;
    } else if (value === END_OF_BITMAP) {
      break;
    } else if (value === DELTA) {
      x += bytes[at++] ?? 0;
      y += bytes[at++] ?? 0;
    } else {
      for (let i = 0; i < value; i++) {
        put(fourBit ? nibble(bytes[at + (i >> 1)] ?? 0, i) : (bytes[at + i] ?? 0));
      }
      const length = fourBit ? (value + 1) >> 1 : value;
      at += length + (length & 1); // stretches start on even offsets
    }
  }
  return indices;
}

const END_OF_LINE = 0;
const END_OF_BITMAP = 1;
const DELTA = 2;

/** The high half of the byte for even positions, the low half for odd ones. */
function nibble(byte: number, position: number): number {
  return position % 2 === 0 ? byte >> 4 : byte & 15;
}
