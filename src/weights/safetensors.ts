import * as z from 'zod';

import { WeightsError } from '../errors.ts';
import { sizeOf } from './arrays.ts';
import type { NamedArray } from './arrays.ts';
import { decodeFloats, FLOAT_TYPES } from './floats.ts';
import type { FloatType } from './floats.ts';

/** The format's own limit on its JSON header. */
const MAX_HEADER_BYTES = 100_000_000;
const LENGTH_BYTES = 8;

const Entry = z.object({
  dtype: z.string(),
  shape: z.array(z.int().nonnegative()),
  data_offsets: z.tuple([z.int().nonnegative(), z.int().nonnegative()]),
});
const Header = z.record(z.string(), z.unknown());

interface TensorEntry {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly start: number;
  readonly end: number;
}

/**
 * Reads a safetensors file: an 8-byte little-endian length, a JSON header, then the tensors' bytes with no holes. Float
 * tensors (F64, F32, F16, BF16) are widened or narrowed to float32; integer ones, which no parameter of a network is,
 * are left out.
 *
 * @param where names the file in errors.
 * @throws WeightsError when the header does not describe exactly the bytes that follow it.
 */
export function readSafetensors(bytes: Uint8Array, where: string): Map<string, NamedArray> {
  const headerBytes = headerLength(bytes, where);
  const body = bytes.subarray(LENGTH_BYTES + headerBytes);
  const entries = readHeader(bytes.subarray(LENGTH_BYTES, LENGTH_BYTES + headerBytes), where);
  checkLayout(entries, body.byteLength, where);
  const arrays = new Map<string, NamedArray>();
  for (const { name, dtype, shape, start, end } of entries) {
    if (!isFloatType(dtype)) continue;
    arrays.set(name, { shape, data: decodeFloats(body.subarray(start, end), dtype) });
  }
  return arrays;
}

function headerLength(bytes: Uint8Array, where: string): number {
  if (bytes.byteLength < LENGTH_BYTES) {
    throw new WeightsError(`${where}: expected a safetensors file, got ${bytes.byteLength} bytes`);
  }
  const length = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  const available = bytes.byteLength - LENGTH_BYTES;
  if (length > BigInt(Math.min(available, MAX_HEADER_BYTES))) {
    throw new WeightsError(
      `${where}: expected a safetensors header within the file's ${available} bytes, got ${length}`,
    );
  }
  return Number(length);
}

function readHeader(bytes: Uint8Array, where: string): TensorEntry[] {
  const header = Header.safeParse(parseJson(bytes, where));
  if (!header.success) throw new WeightsError(`${where}: expected a JSON object as the safetensors header`);
  return Object.entries(header.data)
    .filter(([name]) => name !== '__metadata__')
    .map(([name, value]) => {
      const entry = Entry.safeParse(value);
      if (!entry.success) {
        throw new WeightsError(
          `${where}: ${name}: expected {dtype, shape, data_offsets}: ${z.prettifyError(entry.error)}`,
        );
      }
      const { dtype, shape, data_offsets } = entry.data;
      return { name, dtype, shape, start: data_offsets[0], end: data_offsets[1] };
    });
}

function parseJson(bytes: Uint8Array, where: string): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new WeightsError(
      `${where}: expected JSON as the safetensors header. Is the file a safetensors file, and whole?`,
      {
        cause,
      },
    );
  }
}

/** Bytes of one value of every type that the format defines in whole bytes. */
const BYTES_PER_VALUE: Readonly<Record<string, number>> = {
  F64: 8,
  I64: 8,
  U64: 8,
  F32: 4,
  I32: 4,
  U32: 4,
  F16: 2,
  BF16: 2,
  I16: 2,
  U16: 2,
  F8_E4M3: 1,
  F8_E5M2: 1,
  I8: 1,
  U8: 1,
  BOOL: 1,
};

/** The tensors must fill the body in order, without holes, overlaps or a remainder: anything else hides or shares bytes. */
function checkLayout(entries: readonly TensorEntry[], bodyBytes: number, where: string): void {
  let position = 0;
  for (const { name, dtype, shape, start, end } of entries.toSorted((a, b) => a.start - b.start || a.end - b.end)) {
    const width = BYTES_PER_VALUE[dtype];
    if (width === undefined) throw new WeightsError(`${where}: ${name}: expected a known dtype, got ${dtype}`);
    const expected = sizeOf(shape) * width;
    if (start !== position || end - start !== expected || end > bodyBytes) {
      throw new WeightsError(
        `${where}: ${name}: expected ${dtype} [${shape.join(', ')}] in ${expected} bytes from ${position}, ` +
          `got bytes ${start} to ${end} of ${bodyBytes}. The file is damaged or cut short.`,
      );
    }
    position = end;
  }
  if (position !== bodyBytes) {
    throw new WeightsError(`${where}: expected ${position} bytes of tensors, got ${bodyBytes}`);
  }
}

function isFloatType(dtype: string): dtype is FloatType {
  return FLOAT_TYPES.some((type) => type === dtype);
}
