import { crc32, deflateRawSync } from 'node:zlib';

export interface ZipEntry {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly deflate?: boolean;
  /** Writes its sizes and its place as 64-bit numbers in extra fields. */
  readonly zip64?: boolean;
  /** What the directory says instead of the truth. */
  readonly lies?: {
    readonly crc?: number;
    readonly size?: number;
    readonly compressedSize?: number;
    readonly at?: number;
  };
}

/** A zip archive, byte by byte, so that it may lie. */
export function writeZip(entries: readonly ZipEntry[]): Uint8Array {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let position = 0;
  for (const entry of entries) {
    const data = entry.deflate === true ? deflateRawSync(entry.bytes) : Buffer.from(entry.bytes);
    const local = Buffer.concat([localHeader(entry, data.length), data]);
    directory.push(directoryHeader(entry, data.length, position));
    parts.push(local);
    position += local.length;
  }
  const listed = Buffer.concat(directory);
  const isZip64 = entries.some(({ zip64 }) => zip64 === true);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(isZip64 ? 0xffff : entries.length, 8);
  end.writeUInt16LE(isZip64 ? 0xffff : entries.length, 10);
  end.writeUInt32LE(isZip64 ? 0xffffffff : listed.length, 12);
  end.writeUInt32LE(isZip64 ? 0xffffffff : position, 16);
  const end64 = isZip64 ? zip64End(entries.length, listed.length, position) : Buffer.alloc(0);
  return new Uint8Array(Buffer.concat([...parts, listed, end64, end]));
}

/** The fields that both headers of an entry share, from «version needed» to «extra length». */
function sharedFields({ name, bytes, deflate, zip64, lies }: ZipEntry, dataBytes: number, extraBytes: number): Buffer {
  const fields = Buffer.alloc(26);
  fields.writeUInt16LE(zip64 === true ? 45 : 20, 0);
  fields.writeUInt16LE(deflate === true ? 8 : 0, 4);
  fields.writeUInt32LE(lies?.crc ?? crc32(bytes), 10);
  fields.writeUInt32LE(zip64 === true ? 0xffffffff : (lies?.compressedSize ?? dataBytes), 14);
  fields.writeUInt32LE(zip64 === true ? 0xffffffff : (lies?.size ?? bytes.length), 18);
  fields.writeUInt16LE(Buffer.byteLength(name), 22);
  fields.writeUInt16LE(extraBytes, 24);
  return fields;
}

function localHeader(entry: ZipEntry, dataBytes: number): Buffer {
  const extra = entry.zip64 === true ? zip64Extra([entry.bytes.length, dataBytes]) : Buffer.alloc(0);
  const fields = sharedFields(entry, dataBytes, extra.length);
  return Buffer.concat([Buffer.from('PK\x03\x04'), fields, Buffer.from(entry.name), extra]);
}

function directoryHeader(entry: ZipEntry, dataBytes: number, position: number): Buffer {
  const { lies = {}, bytes } = entry;
  const at = lies.at ?? position;
  const sizes = [lies.size ?? bytes.length, lies.compressedSize ?? dataBytes, at];
  const extra = entry.zip64 === true ? zip64Extra(sizes) : Buffer.alloc(0);
  const rest = Buffer.alloc(14);
  rest.writeUInt32LE(entry.zip64 === true ? 0xffffffff : at, 10);
  const madeBy = Buffer.from([20, 0]);
  const fields = sharedFields(entry, dataBytes, extra.length);
  return Buffer.concat([Buffer.from('PK\x01\x02'), madeBy, fields, rest, Buffer.from(entry.name), extra]);
}

function zip64Extra(values: readonly number[]): Buffer {
  const extra = Buffer.alloc(4 + 8 * values.length);
  extra.writeUInt16LE(1, 0);
  extra.writeUInt16LE(8 * values.length, 2);
  values.forEach((value, i) => extra.writeBigUInt64LE(BigInt(value), 4 + 8 * i));
  return extra;
}

function zip64End(entries: number, directoryBytes: number, position: number): Buffer {
  const end = Buffer.alloc(56 + 20);
  end.writeUInt32LE(0x06064b50, 0);
  end.writeBigUInt64LE(44n, 4);
  end.writeBigUInt64LE(BigInt(entries), 24);
  end.writeBigUInt64LE(BigInt(entries), 32);
  end.writeBigUInt64LE(BigInt(directoryBytes), 40);
  end.writeBigUInt64LE(BigInt(position), 48);
  end.writeUInt32LE(0x07064b50, 56);
  end.writeBigUInt64LE(BigInt(position + directoryBytes), 64);
  end.writeUInt32LE(1, 72);
  return end;
}

export interface NpyOptions {
  readonly descr?: string;
  readonly fortranOrder?: boolean;
  readonly version?: 1 | 2 | 3;
  /** Stands for the whole header, to write one that is wrong. */
  readonly header?: string;
}

/** A `.npy` file as NumPy writes it: a header padded to 64 bytes, then the values. */
export function writeNpy(shape: readonly number[], values: Uint8Array, options: NpyOptions = {}): Uint8Array {
  const { descr = '<f4', fortranOrder = false, version = 1 } = options;
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`;
  const order = fortranOrder ? 'True' : 'False';
  const header = options.header ?? `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': ${tuple}, }`;
  const lengthBytes = version === 1 ? 2 : 4;
  const padded = `${header.padEnd(64 * Math.ceil((header.length + 9 + lengthBytes) / 64) - 9 - lengthBytes)}\n`;
  const start = Buffer.alloc(8 + lengthBytes);
  start.write('\x93NUMPY', 'latin1');
  start.writeUInt8(version, 6);
  if (version === 1) start.writeUInt16LE(padded.length, 8);
  else start.writeUInt32LE(padded.length, 8);
  return new Uint8Array(Buffer.concat([start, Buffer.from(padded, 'latin1'), values]));
}

/** The little-endian bytes of float32 values. */
export function float32Bytes(values: readonly number[]): Uint8Array {
  return new Uint8Array(Float32Array.from(values).buffer);
}
