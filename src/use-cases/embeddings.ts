import ndarray from 'ndarray';
import type { NdArray } from 'ndarray';

import type { Subject } from './attention/subject.ts';
import { tokenGridOf } from './attention/token-grid.ts';
import { principalComponents } from '../attribution/principal-components.ts';
import { cosineSimilarity } from '../attribution/similarity.ts';
import { ArgumentError } from '../errors.ts';

/** What a Vision Transformer has learned about patches before it sees one. */
export interface Embeddings {
  readonly grid: { readonly Gh: number; readonly Gw: number };
  /** Cosine of every patch's position vector with every other's [Gh, Gw, Gh, Gw]; absent where positions are not learned. */
  readonly positionSimilarity?: NdArray<Float32Array> | undefined;
  /** The principal components of the patch embedding's kernels [count, P, P, 3], unit vectors of any sign. */
  readonly filters: NdArray<Float32Array>;
  /** The share of the kernels' variance that each component has [count]. */
  readonly filterShares: Float32Array;
}

/** As many as figure 7 of Dosovitskiy et al. 2021 shows. */
const FILTERS = 28;

/** @throws ArgumentError for another network, or one whose patches pass a convolutional stem. */
export async function embeddingsOf({ vit, info }: Subject): Promise<Embeddings> {
  if (vit === undefined) throw new ArgumentError(`embeddings: expected a Vision Transformer, got ${info.architecture}`);
  const { config, params } = vit;
  if (params.stem !== undefined)
    throw new ArgumentError('embeddings: expected patches of pixels, got a stem before them');
  const { Gh, Gw } = tokenGridOf(config);
  const kernel = await params.patchEmbedding.kernel.data<'float32'>();
  const size = config.patchSize ** 2 * config.numChannels;
  const { components, shares } = principalComponents(transposed(kernel, size, config.dim), size, FILTERS);
  const P = config.patchSize;
  const filters = ndarray(Float32Array.from(components), [shares.length, P, P, config.numChannels]);
  const positions = params.positions && (await params.positions.data<'float32'>());
  const similarity = positions && similarities(positions.subarray(positions.length - Gh * Gw * config.dim), config.dim);
  return {
    grid: { Gh, Gw },
    positionSimilarity: similarity && ndarray(similarity, [Gh, Gw, Gh, Gw]),
    filters,
    filterShares: Float32Array.from(shares),
  };
}

/** [n, D] → [n, n]. */
function similarities(rows: Float32Array, D: number): Float32Array {
  const n = rows.length / D;
  const all = new Float32Array(n * n);
  for (let i = 0; i < n; i += 1) all.set(cosineSimilarity(rows, D, i), i * n);
  return all;
}

/** [rows, columns] → [columns, rows]. */
function transposed(values: Float32Array, rows: number, columns: number): Float32Array {
  const result = new Float32Array(values.length);
  for (let i = 0; i < rows; i += 1) {
    for (let j = 0; j < columns; j += 1) result[j * rows + i] = values[i * columns + j]!;
  }
  return result;
}
