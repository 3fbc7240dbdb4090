import type { NamedArrays } from '../../src/weights/arrays.ts';

/** A safetensors file of float32 arrays; `header` replaces or adds entries, to write files that lie. */
export function writeSafetensors(arrays: NamedArrays, header: Readonly<Record<string, unknown>> = {}): Uint8Array {
  const entries: Record<string, unknown> = {};
  const parts: Uint8Array[] = [];
  let position = 0;
  for (const [name, { shape, data }] of arrays) {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    entries[name] = { dtype: 'F32', shape, data_offsets: [position, position + bytes.length] };
    parts.push(bytes);
    position += bytes.length;
  }
  return withHeader(JSON.stringify({ ...entries, ...header }), parts);
}

/** Any header text before any bytes. */
export function withHeader(header: string, body: readonly Uint8Array[] = []): Uint8Array {
  const json = Buffer.from(header);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return new Uint8Array(Buffer.concat([length, json, ...body]));
}
