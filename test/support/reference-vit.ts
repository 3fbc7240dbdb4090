import type { ViTConfig } from '../../src/weights/architecture.ts';
import { attend, dot, rowTimes, weighted } from './reference.ts';
import type { Input, Matrix } from './reference.ts';

type Params = Readonly<Record<string, Input>>;

/**
 * A Vision Transformer in plain float64 loops, for one image: patches [1, N, P²·C] → logits. Mean pooling after the norm,
 * no class token, GELU in its quick form (which needs no error function); every choice of attention, positions and stem.
 */
export function referenceViT(config: ViTConfig, params: Params, patches: Input): number[] {
  const features = config.stem === undefined ? rowsOf(patches) : stem(config, params, rowsOf(patches));
  const embedded = features.map((row) => dense(row, params, 'patchEmbedding'));
  const positions = params['positions'] && rowsOf(params['positions']);
  let x: Matrix = embedded.map((row, i) => (positions === undefined ? row : plus(row, positions[i]!)));
  for (let block = 0; block < config.depth; block += 1) x = encoder(config, params, `blocks.${block}`, x);
  const normed = x.map((row) => layerNorm(row, params, 'norm', config.epsilon));
  const pooled = weighted(Array(normed.length).fill(1 / normed.length), normed);
  return dense(pooled, params, 'head');
}

function encoder(config: ViTConfig, params: Params, name: string, x: Matrix): Matrix {
  const normed = x.map((row) => layerNorm(row, params, `${name}.norm1`, config.epsilon));
  const attended = multiHead(config, params, `${name}.attention`, normed).map((row, i) => plus(row, x[i]!));
  return attended.map((row) => {
    const hidden = dense(layerNorm(row, params, `${name}.norm2`, config.epsilon), params, `${name}.mlp.hidden`);
    const active = hidden.map((value) => value / (1 + Math.exp(-1.702 * value)));
    return plus(row, dense(active, params, `${name}.mlp.output`));
  });
}

function multiHead(config: ViTConfig, params: Params, name: string, x: Matrix): Matrix {
  const { dim: D, numHeads, attention, positions } = config;
  const width = D / numHeads;
  const projected = x.map((row) => {
    if (attention?.qkv !== 'fused')
      return ['query', 'key', 'value'].map((part) => dense(row, params, `${name}.${part}`));
    const all = dense(row, params, `${name}.qkv`);
    return [all.slice(0, D), all.slice(D, 2 * D), all.slice(2 * D)];
  });
  const heads = Array.from({ length: numHeads }, (_, h) => {
    const part = (which: number): Matrix => projected.map((row) => row[which]!.slice(h * width, (h + 1) * width));
    const turned = (rows: Matrix): Matrix =>
      positions.kind === 'rotary-2d' ? rows.map((row, i) => turn(config, row, i)) : rows;
    const qkv = [turned(part(0)), turned(part(1)), part(2)] as const;
    const bias = (i: number, j: number): number => relativeBias(config, params[`${name}.relative`], h, i, j);
    if (attention?.mechanism === 'linear') return linear(qkv, (i, j) => sees(config, i, j));
    return attend(
      qkv,
      (query, key, i, j) => score(config, params[`${name}.score`], h, query, key) + bias(i, j),
      (i, j) => sees(config, i, j),
    );
  });
  return x.map((_, i) =>
    dense(
      heads.flatMap((head) => head[i]!),
      params,
      `${name}.output`,
    ),
  );
}

function score(
  config: ViTConfig,
  additive: Input | undefined,
  head: number,
  query: readonly number[],
  key: readonly number[],
): number {
  switch (config.attention?.mechanism) {
    case 'dot':
      return dot(query, key);
    case 'additive': {
      const v = rowsOf(additive!)[head]!;
      return query.reduce((total, value, d) => total + v[d]! * Math.tanh(value + key[d]!), 0);
    }
    default:
      return dot(query, key) / Math.sqrt(query.length);
  }
}

function linear([q, k, v]: readonly [Matrix, Matrix, Matrix], isVisible: (i: number, j: number) => boolean): Matrix {
  const feature = (row: readonly number[]): number[] => row.map((x) => (x > 0 ? x + 1 : Math.exp(x)));
  return q.map((query, i) => {
    const similarities = k.map((key, j) => (isVisible(i, j) ? dot(feature(query), feature(key)) : 0));
    const total = similarities.reduce((sum, value) => sum + value, 1e-6);
    return weighted(similarities, v).map((value) => value / total);
  });
}

function sees(config: ViTConfig, query: number, key: number): boolean {
  const reach = config.attention?.reach;
  const [down, right] = offset(config, query, key);
  switch (reach?.kind) {
    case 'causal':
      return key <= query;
    case 'window':
      return key - query >= -reach.before && key - query <= reach.after;
    case 'neighbourhood':
      return Math.max(Math.abs(down), Math.abs(right)) <= reach.radius;
    case 'graph':
      return reach.edges[query]!.includes(key);
    default:
      return true;
  }
}

function offset({ imageSize, patchSize }: ViTConfig, query: number, key: number): [down: number, right: number] {
  const columns = imageSize.width / patchSize;
  return [Math.floor(key / columns) - Math.floor(query / columns), (key % columns) - (query % columns)];
}

function relativeBias(config: ViTConfig, params: Input | undefined, head: number, i: number, j: number): number {
  if (params === undefined) return 0;
  const { imageSize, patchSize } = config;
  const [rows, columns] = [imageSize.height / patchSize, imageSize.width / patchSize];
  const [down, right] = offset(config, i, j);
  const table = rowsOf(params);
  if (config.positions.kind === 'relative')
    return table[(down + rows - 1) * (2 * columns - 1) + right + columns - 1]![head]!;
  const basis = [down ** 2 + right ** 2, down, right];
  return basis.reduce((total, value, row) => total + value * table[row]![head]!, 0);
}

/** Each pair as a complex number, times e^{iθ}. */
function turn({ imageSize, patchSize }: ViTConfig, row: readonly number[], token: number): number[] {
  const columns = imageSize.width / patchSize;
  const turned = [...row];
  const half = row.length / 2;
  for (let i = 0; i < row.length; i += 2) {
    const position = i < half ? Math.floor(token / columns) : token % columns;
    const angle = position / 10_000 ** ((i % half) / half);
    turned[i] = row[i]! * Math.cos(angle) - row[i + 1]! * Math.sin(angle);
    turned[i + 1] = row[i]! * Math.sin(angle) + row[i + 1]! * Math.cos(angle);
  }
  return turned;
}

/** Pixels from patches, convolved, and cut into patches again. */
function stem(
  { imageSize, patchSize, numChannels, stem: stemConfig }: ViTConfig,
  params: Params,
  patches: Matrix,
): Matrix {
  const across = imageSize.width / patchSize;
  let P = patchSize;
  let channels = numChannels;
  let pixels = Array.from({ length: imageSize.height }, (_row, y) =>
    Array.from({ length: imageSize.width }, (_column, x) => {
      const patch = patches[Math.floor(y / P) * across + Math.floor(x / P)]!;
      const start = ((y % P) * P + (x % P)) * channels;
      return patch.slice(start, start + channels);
    }),
  );
  for (const i of stemConfig!.widths.keys()) {
    const zeros = Array<number>(channels).fill(0);
    const source = pixels;
    pixels = Array.from({ length: source.length / 2 }, (_row, y) =>
      Array.from({ length: source[0]!.length / 2 }, (_column, x) => {
        const window = [-1, 0, 1].flatMap((dy) =>
          [-1, 0, 1].flatMap((dx) => source[2 * y + dy]?.[2 * x + dx] ?? zeros),
        );
        return dense(window, params, `stem.${i}`).map((value) => Math.max(0, value));
      }),
    );
    P /= 2;
    channels = stemConfig!.widths[i]!;
  }
  return patches.map((_, n) => {
    const [top, left] = [Math.floor(n / across) * P, (n % across) * P];
    return pixels.slice(top, top + P).flatMap((row) => row.slice(left, left + P).flat());
  });
}

function dense(row: readonly number[], params: Params, name: string): number[] {
  return rowTimes(row, params[`${name}.kernel`]!, params[`${name}.bias`]);
}

function layerNorm(row: readonly number[], params: Params, name: string, epsilon: number): number[] {
  const mean = row.reduce((total, value) => total + value, 0) / row.length;
  const variance = row.reduce((total, value) => total + (value - mean) ** 2, 0) / row.length;
  const [scale, bias] = [params[`${name}.scale`]!.data, params[`${name}.bias`]!.data];
  return row.map((value, d) => ((value - mean) / Math.sqrt(variance + epsilon)) * scale[d]! + bias[d]!);
}

function plus(a: readonly number[], b: readonly number[]): number[] {
  return a.map((value, i) => value + b[i]!);
}

/** The last two axes. */
function rowsOf({ shape, data }: Input): Matrix {
  const width = shape.at(-1) ?? 0;
  return Array.from({ length: data.length / width }, (_, i) => [...data.subarray(i * width, (i + 1) * width)]);
}
