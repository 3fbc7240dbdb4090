/** Where an array lies in the bytes of a packed record. */
interface Packed {
  readonly array: 'float32' | 'uint8';
  readonly offset: number;
  readonly length: number;
}

/** A plain record as JSON, with its typed arrays apart, one after the other as bytes. */
export function pack(record: unknown): { readonly json: string; readonly bytes: Uint8Array<ArrayBuffer> } {
  const arrays: (Float32Array | Uint8Array)[] = [];
  let offset = 0;
  const json = JSON.stringify(record, (_, value: unknown) => {
    if (!(value instanceof Float32Array || value instanceof Uint8Array)) return value;
    const packed: Packed = {
      array: value instanceof Float32Array ? 'float32' : 'uint8',
      offset,
      length: value.length,
    };
    arrays.push(value);
    offset += aligned(value.byteLength);
    return packed;
  });
  const bytes = new Uint8Array(offset);
  let at = 0;
  for (const { buffer, byteOffset, byteLength } of arrays) {
    bytes.set(new Uint8Array(buffer, byteOffset, byteLength), at);
    at += aligned(byteLength);
  }
  return { json, bytes };
}

/** The record that was packed. What it is, the caller knows: the page that it comes from holds both. */
export function unpack(json: string, bytes: Uint8Array<ArrayBuffer>): unknown {
  return JSON.parse(json, (_, value: unknown) => {
    if (!isPacked(value)) return value;
    const { array, offset, length } = value;
    return array === 'float32'
      ? new Float32Array(bytes.buffer, bytes.byteOffset + offset, length)
      : new Uint8Array(bytes.buffer, bytes.byteOffset + offset, length);
  });
}

function isPacked(value: unknown): value is Packed {
  return typeof value === 'object' && value !== null && 'array' in value && 'offset' in value;
}

/** Arrays begin where a float32 can be read. */
function aligned(length: number): number {
  return Math.ceil(length / 4) * 4;
}
