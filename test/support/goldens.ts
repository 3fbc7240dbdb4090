import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const GOLDEN_FOLDER = fileURLToPath(new URL('../golden/', import.meta.url));

/** The version that the scripts beside this folder write; a stale set says how to make it anew. */
const VERSION = 1;

export interface GoldenArray {
  readonly shape: readonly number[];
  readonly data: Float32Array | Float64Array | Uint8Array;
}

export interface GoldenSet<Manifest> {
  readonly manifest: Manifest;
  array(name: string): GoldenArray;
  has(name: string): boolean;
}

/** Reads a golden set: `goldens.json` and `goldens.safetensors` of a folder under test/golden/. */
export function readGoldens<Manifest>(folder: string): GoldenSet<Manifest> {
  const manifest = JSON.parse(readFileSync(`${GOLDEN_FOLDER}${folder}/goldens.json`, 'utf8')) as Manifest & {
    version: number;
    script: string;
  };
  if (manifest.version !== VERSION) {
    throw new Error(`${folder}: expected goldens of version ${VERSION}: run «python ${manifest.script}»`);
  }
  const arrays = readArrays(`${GOLDEN_FOLDER}${folder}/goldens.safetensors`);
  return {
    manifest,
    has: (name) => arrays.has(name),
    array: (name) => {
      const array = arrays.get(name);
      if (array === undefined) throw new Error(`${folder}: no golden «${name}»: run «python ${manifest.script}»`);
      return array;
    },
  };
}

type Header = Record<string, { dtype: string; shape: number[]; data_offsets: [number, number] }>;

// Not the project's own reader, which the goldens are to test and which gives float32 alone.
function readArrays(path: string): Map<string, GoldenArray> {
  const bytes = readFileSync(path);
  const headerLength = Number(bytes.readBigUInt64LE(0));
  const { __metadata__: _, ...entries } = JSON.parse(bytes.toString('utf8', 8, 8 + headerLength)) as Header;
  const body = 8 + headerLength;
  return new Map(
    Object.entries(entries).map(
      ([
        name,
        {
          dtype,
          shape,
          data_offsets: [start, end],
        },
      ]) => {
        const own = new Uint8Array(bytes.subarray(body + start, body + end)).buffer;
        return [name, { shape, data: view(own, dtype) }];
      },
    ),
  );
}

function view(buffer: ArrayBuffer, dtype: string): GoldenArray['data'] {
  switch (dtype) {
    case 'F32':
      return new Float32Array(buffer);
    case 'F64':
      return new Float64Array(buffer);
    case 'U8':
      return new Uint8Array(buffer);
    default:
      throw new Error(`golden dtype ${dtype}`);
  }
}
