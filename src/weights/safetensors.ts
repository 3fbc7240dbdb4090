import * as z from 'zod';

import { WeightsError } from '../errors.ts';
import { sizeOf } from './arrays.ts';
import type { NamedArray } from './arrays.ts';
import type { ByteSource } from './byte-source.ts';
import { decodeFloats, FLOAT_TYPES } from './floats.ts';
import type { FloatType } from './floats.ts';
import { outlineOf } from './json-text.ts';
import { faultsOf } from './schema-faults.ts';

/** The format allows 100 MB; a header of this size names 300,000 tensors, and parsed it takes many times its bytes. */
const MAX_HEADER_BYTES = 32 * 2 ** 20;
/** The header, a tensor, its shape; more only in metadata, which nobody reads. */
const MAX_HEADER_DEPTH = 8;
/** No parameter of a network is near it, and larger arrays are beyond what a typed array surely holds. */
const MAX_TENSOR_BYTES = 2 ** 32;
const LENGTH_BYTES = 8;

const Entry = z.object({
  dtype: z.string(),
  shape: z.array(z.int().nonnegative()),
  data_offsets: z.tuple([z.int().nonnegative(), z.int().nonnegative()]),
});
const Header = z.record(z.string(), z.unknown());

export interface TensorEntry {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Where its bytes lie in the file. */
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
export async function readSafetensors(source: ByteSource, where: string): Promise<Map<string, NamedArray>> {
  return readTensors(source, await readEntries(source, where));
}

/**
 * What a safetensors file holds, integers too, without its tensors.
 *
 * @throws WeightsError when the header does not describe exactly the bytes that follow it.
 */
export async function readEntries(source: ByteSource, where: string): Promise<TensorEntry[]> {
  const start = LENGTH_BYTES + (await headerLength(source, where));
  const entries = readHeader(await source.read(LENGTH_BYTES, start), start, where);
  checkLayout(entries, start, source.size, where);
  return entries;
}

/** The float tensors among a file's entries, one after the other. */
export async function readTensors(
  source: ByteSource,
  entries: readonly TensorEntry[],
): Promise<Map<string, NamedArray>> {
  const arrays = new Map<string, NamedArray>();
  for (const { name, dtype, shape, start, end } of entries) {
    if (!isFloatType(dtype)) continue;
    arrays.set(name, { shape, data: decodeFloats(await source.read(start, end), dtype) });
  }
  return arrays;
}

async function headerLength(source: ByteSource, where: string): Promise<number> {
  if (source.size < LENGTH_BYTES) {
    throw new WeightsError(`${where}: expected a safetensors file, got ${source.size} bytes`);
  }
  const length = new DataView(await source.read(0, LENGTH_BYTES)).getBigUint64(0, true);
  const available = source.size - LENGTH_BYTES;
  if (length > BigInt(available)) {
    throw new WeightsError(
      `${where}: expected a safetensors header within the file's ${available} bytes, got ${length}`,
    );
  }
  if (length > BigInt(MAX_HEADER_BYTES)) {
    throw new WeightsError(
      `${where}: expected a safetensors header of at most ${MAX_HEADER_BYTES} bytes, got ${length}`,
    );
  }
  return Number(length);
}

/** @param body where the tensors begin in the file; their offsets are counted from there. */
function readHeader(bytes: ArrayBuffer, body: number, where: string): TensorEntry[] {
  const header = Header.safeParse(parseJson(bytes, where));
  if (!header.success) throw new WeightsError(`${where}: expected a JSON object as the safetensors header`);
  return Object.entries(header.data)
    .filter(([name]) => name !== '__metadata__')
    .map(([name, value]) => {
      const entry = Entry.safeParse(value);
      if (!entry.success) {
        throw new WeightsError(`${where}: ${name}: expected {dtype, shape, data_offsets}: ${faultsOf(entry.error)}`);
      }
      const { dtype, shape, data_offsets } = entry.data;
      return { name, dtype, shape, start: body + data_offsets[0], end: body + data_offsets[1] };
    });
}

function parseJson(bytes: ArrayBuffer, where: string): unknown {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    checkOutline(text, where);
    return JSON.parse(text);
  } catch (cause) {
    if (cause instanceof WeightsError) throw cause;
    throw new WeightsError(
      `${where}: expected JSON as the safetensors header. Is the file a safetensors file, and whole?`,
      {
        cause,
      },
    );
  }
}

/** @throws WeightsError for a header of two minds, which other readers may take otherwise, or one that is all nesting. */
function checkOutline(text: string, where: string): void {
  const { depth, names } = outlineOf(text);
  if (depth > MAX_HEADER_DEPTH) {
    throw new WeightsError(
      `${where}: expected a safetensors header nested at most ${MAX_HEADER_DEPTH} deep, got ${depth}`,
    );
  }
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name)) throw new WeightsError(`${where}: expected each tensor once, got ${name} twice`);
    seen.add(name);
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
function checkLayout(entries: readonly TensorEntry[], body: number, fileBytes: number, where: string): void {
  let position = body;
  for (const { name, dtype, shape, start, end } of entries.toSorted((a, b) => a.start - b.start || a.end - b.end)) {
    const width = BYTES_PER_VALUE[dtype];
    if (width === undefined) throw new WeightsError(`${where}: ${name}: expected a known dtype, got ${dtype}`);
    const expected = sizeOf(shape) * width;
    // A file may be mostly holes, so its size does not say that anybody wrote so much.
    if (end - start > MAX_TENSOR_BYTES) {
      throw new WeightsError(`${where}: ${name}: expected at most ${MAX_TENSOR_BYTES} bytes, got ${end - start}`);
    }
    if (start !== position || end - start !== expected || end > fileBytes) {
      throw new WeightsError(
        `${where}: ${name}: expected ${dtype} [${shape.join(', ')}] in ${expected} bytes from ${position - body}, ` +
          `got bytes ${start - body} to ${end - body} of ${fileBytes - body}. The file is damaged or cut short.`,
      );
    }
    position = end;
  }
  if (position !== fileBytes) {
    throw new WeightsError(`${where}: expected ${position - body} bytes of tensors, got ${fileBytes - body}`);
  }
}

function isFloatType(dtype: string): dtype is FloatType {
  return FLOAT_TYPES.some((type) => type === dtype);
}
