import { WeightsError } from '../errors.ts';
import { sizeOf } from './arrays.ts';
import type { NamedArray } from './arrays.ts';
import { decodeFloats } from './floats.ts';
import type { FloatType } from './floats.ts';

/** Enough for any shape; NumPy itself refuses more than 10,000 characters unless told otherwise. */
const MAX_HEADER_BYTES = 65_536;
const MAX_DIMENSIONS = 32;

/** The reader of a stream that an array lies in. */
export interface ByteReader {
  /** The next bytes, in memory of their own. @throws WeightsError when the stream ends before. */
  take(numBytes: number): Promise<ArrayBuffer>;
}

/**
 * Reads one array in NumPy's `.npy` format, versions 1 to 3: magic, version, header length, a Python dictionary literal,
 * then the values. Floats become float32; integers, which no parameter of a network is, give undefined.
 *
 * @param numBytes how long the array says it is from outside; the header must agree before anything is allocated for it.
 * @param where names the array in errors.
 * @throws WeightsError when the header does not describe exactly the bytes that follow it.
 * @see https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 */
export async function readNpy(reader: ByteReader, numBytes: number, where: string): Promise<NamedArray | undefined> {
  const { text, bytesRead } = await readHeaderText(reader, where);
  const { descr, fortranOrder, shape } = parseHeader(text, where);
  const { width, float } = typeOf(descr, where);
  const expected = sizeOf(shape) * width;
  if (expected !== numBytes - bytesRead) {
    throw new WeightsError(
      `${where}: expected ${descr} [${shape.join(', ')}] in ${expected} bytes, got ${numBytes - bytesRead}`,
    );
  }
  if (float === undefined) return undefined;
  const data = decodeFloats(await reader.take(expected), float);
  return { shape, data: fortranOrder ? rowMajor(data, shape) : data };
}

const MAGIC = '\x93NUMPY';
const LATIN1 = new TextDecoder('latin1');

async function readHeaderText(reader: ByteReader, where: string): Promise<{ text: string; bytesRead: number }> {
  const start = await reader.take(MAGIC.length + 2);
  const version = new DataView(start).getUint8(MAGIC.length);
  if (LATIN1.decode(start.slice(1, MAGIC.length)) !== MAGIC.slice(1) || new Uint8Array(start)[0] !== 0x93) {
    throw new WeightsError(`${where}: expected a NumPy array, got something else`);
  }
  if (version < 1 || version > 3) throw new WeightsError(`${where}: expected .npy version 1 to 3, got ${version}`);
  const lengthBytes = version === 1 ? 2 : 4;
  const length = new DataView(await reader.take(lengthBytes));
  const headerBytes = version === 1 ? length.getUint16(0, true) : length.getUint32(0, true);
  if (headerBytes > MAX_HEADER_BYTES) {
    throw new WeightsError(`${where}: expected a header of at most ${MAX_HEADER_BYTES} bytes, got ${headerBytes}`);
  }
  const text = LATIN1.decode(await reader.take(headerBytes));
  return { text, bytesRead: start.byteLength + lengthBytes + headerBytes };
}

interface Header {
  readonly descr: string;
  readonly fortranOrder: boolean;
  readonly shape: readonly number[];
}

const FIELD = /\s*'(descr|fortran_order|shape)'\s*:\s*('[^'\\]*'|True|False|\([\d,\s]*\))\s*(,|(?=\}))/gy;

/** The three fields that the format defines, each once, in any order; nothing else that Python could evaluate. */
function parseHeader(text: string, where: string): Header {
  const inner = /^\{(.*\})\s*$/s.exec(text)?.[1] ?? '';
  const fields = [...inner.matchAll(FIELD)];
  const rest = inner.slice(fields.reduce((length, [field]) => length + field.length, 0)).trim();
  const values = new Map(fields.map(([, key, value]) => [key, value ?? '']));
  const descr = /^'(.*)'$/.exec(values.get('descr') ?? '')?.[1];
  const order = values.get('fortran_order') ?? '';
  const shape = parseShape(values.get('shape') ?? '');
  const isWhole = rest === '}' && fields.length === 3 && values.size === 3 && /^(True|False)$/.test(order);
  if (!isWhole || descr === undefined || shape === undefined) {
    throw new WeightsError(`${where}: expected a NumPy header {descr, fortran_order, shape}, got ${excerpt(text)}`);
  }
  return { descr, fortranOrder: order === 'True', shape };
}

/** A Python tuple of sizes: `()`, `(3,)`, `(3, 5)`. */
function parseShape(text: string): number[] | undefined {
  if (/^\(\s*\)$/.test(text)) return [];
  if (!/^\((\s*\d{1,15}\s*,)+(\s*\d{1,15}\s*)?\)$/.test(text)) return undefined;
  const sizes = text.match(/\d+/g)!.map(Number);
  return sizes.length <= MAX_DIMENSIONS ? sizes : undefined;
}

function excerpt(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}

const FLOATS: Readonly<Record<string, { readonly width: number; readonly float: FloatType }>> = {
  '<f8': { width: 8, float: 'F64' },
  '<f4': { width: 4, float: 'F32' },
  '<f2': { width: 2, float: 'F16' },
  // NumPy has no bfloat16: JAX's two-byte values are saved as bytes without a type, as big_vision does.
  '|V2': { width: 2, float: 'BF16' },
  '<V2': { width: 2, float: 'BF16' },
};

function typeOf(descr: string, where: string): { readonly width: number; readonly float?: FloatType } {
  const float = FLOATS[descr];
  if (float !== undefined) return float;
  const integer = /^[<|][biu]([1248])$/.exec(descr);
  if (integer !== null) return { width: Number(integer[1]) };
  throw new WeightsError(`${where}: expected values of ${Object.keys(FLOATS).join(', ')}, got ${excerpt(descr)}`);
}

/** Column-major → row-major: the first axis varied fastest, the last one shall. */
function rowMajor(data: Float32Array, shape: readonly number[]): Float32Array {
  const transposed = new Float32Array(data.length);
  const strides = shape.map((_, axis) => sizeOf(shape.slice(0, axis)));
  const index = shape.map(() => 0);
  let source = 0;
  for (let i = 0; i < data.length; i += 1) {
    transposed[i] = data[source]!;
    for (let axis = shape.length - 1; axis >= 0; axis -= 1) {
      index[axis]! += 1;
      source += strides[axis]!;
      if (index[axis]! < shape[axis]!) break;
      source -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return transposed;
}
