import type { ExplorerData } from '../../../src/report/explorer/explorer-data.ts';
import { emptyAttention, quantiseLayer } from '../../../src/report/explorer/quantise.ts';

/** One pixel. */
const PIXEL = 'data:image/gif;base64,R0lGODlhAQABAIAAAP///wAAACH5BAAAAAAALAAAAAABAAEAAAICRAEAOw==';

interface Sizes {
  readonly Gh: number;
  readonly Gw: number;
  readonly prefix: readonly string[];
  readonly depth: number;
  readonly numHeads: number;
  readonly Dh: number;
}

const SMALL: Sizes = { Gh: 2, Gw: 3, prefix: ['class', 'register 0'], depth: 3, numHeads: 2, Dh: 4 };

/** A record of any sizes with numbers that tell its places apart. */
export function recordOf(sizes: Partial<Sizes> = {}, changes: Partial<ExplorerData> = {}): ExplorerData {
  const { Gh, Gw, prefix, depth, numHeads, Dh } = { ...SMALL, ...sizes };
  const grid = { Gh, Gw, prefix };
  const N = prefix.length + Gh * Gw;
  const layers = Array.from({ length: depth }, (_, i) => i);
  const attention = emptyAttention(grid, layers, numHeads);
  for (const layer of layers) quantiseLayer(attention, grid, layer, softmaxRows(layer, numHeads, N));
  const noise = (length: number, phase: number) => Float32Array.from({ length }, (_, i) => Math.sin(phase + i * 7.3));
  return {
    title: 'a </title><script>alert(1)</script>',
    model: { name: 'm', architecture: 'vit', backend: 'cpu', precision: 'f32' },
    pictures: { view: { href: PIXEL, width: 1, height: 1 } },
    grid,
    token: 0,
    target: 7,
    attention,
    predictions: [
      { index: 7, label: 'cat</script><img src=x onerror=alert(1)>', probability: 0.75 },
      { index: 3, label: 'dog', probability: 0.25 },
    ],
    maps: [
      { method: 'rollout', quantity: 'share of attention', isSigned: false, values: noise(Gh * Gw, 0), prefix: [] },
      ...[7, 3].map((target) => ({
        method: 'relevance',
        quantity: 'relevance',
        isSigned: false,
        target,
        values: noise(Gh * Gw, target).map(Math.abs),
        prefix: prefix.map(() => 0.1),
      })),
    ],
    steps: [stepsOf(depth - 1, 0, N, Dh), stepsOf(depth - 1, 1, N, Dh)],
    ...changes,
  };
}

function softmaxRows(layer: number, numHeads: number, N: number): Float32Array {
  const weights = new Float32Array(numHeads * N * N);
  for (let row = 0; row < numHeads * N; row += 1) {
    let sum = 0;
    for (let k = 0; k < N; k += 1) sum += weights[row * N + k] = Math.exp(2 * Math.sin(layer + row * 1.7 + k * 0.31));
    for (let k = 0; k < N; k += 1) weights[row * N + k]! /= sum;
  }
  return weights;
}

function stepsOf(layer: number, head: number, N: number, Dh: number): ExplorerData['steps'][number] {
  const noise = (length: number, phase: number) => Float32Array.from({ length }, (_, i) => Math.sin(phase + i * 3.1));
  const [query, keys, values] = [noise(Dh, head), noise(N * Dh, 1 + head), noise(N * Dh, 2 + head)];
  const scale = 1 / Math.sqrt(Dh);
  const scores = Float32Array.from({ length: N }, (_, j) =>
    query.reduce((sum, q, d) => sum + q * keys[j * Dh + d]!, 0),
  );
  const scaled = scores.map((score) => score * scale);
  const sum = scaled.reduce((total, score) => total + Math.exp(score), 0);
  const weights = scaled.map((score) => Math.exp(score) / sum);
  const output = Float32Array.from({ length: Dh }, (_, d) =>
    weights.reduce((total, weight, j) => total + weight * values[j * Dh + d]!, 0),
  );
  return { layer, head, token: 0, scale, query, keys, values, scores, scaled, weights, output };
}
