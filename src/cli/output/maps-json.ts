import type { AttentionMaps } from '../../index.ts';
import { printableJson } from './printable.ts';

/** The maps of one image as a line of JSON. Numbers have the nine digits that tell every float32 from its neighbours. */
export function mapsJson(path: string, model: string, results: readonly AttentionMaps[]): string {
  const written = results.map(({ maps, ...facts }) => ({
    ...facts,
    maps: maps.map(({ values, prefix, layer, head }) => ({
      layer,
      head,
      prefix: Object.fromEntries(Object.entries(prefix).map(([name, value]) => [name, digits(value)])),
      shape: values.shape,
      values: rowsOf(values.data, values.shape),
    })),
  }));
  return `${printableJson({ path, model, results: written })}\n`;
}

type Nested = number | Nested[];

function rowsOf(values: Float32Array, shape: readonly number[]): Nested[] {
  const [, ...inner] = shape;
  const size = inner.reduce((product, side) => product * side, 1);
  if (inner.length === 0) return Array.from(values, digits);
  return Array.from({ length: values.length / size }, (_, i) =>
    rowsOf(values.subarray(i * size, (i + 1) * size), inner),
  );
}

function digits(value: number): number {
  return Number(value.toPrecision(9));
}
