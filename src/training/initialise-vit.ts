import type { ViTConfig } from '../weights/architecture.ts';
import { sinCos2d } from '../vit/sin-cos.ts';
import { geometryOf } from '../vit/geometry.ts';
import { paramShapes } from '../vit/params.ts';
import { balancedFactors } from './balanced-factors.ts';
import type { Random } from './random.ts';

const DEVIATION = 0.02;
const CLASS_TOKEN_DEVIATION = 1e-6;
/** CaiT's, for shallow networks (Touvron et al. 2021). */
const LAYER_SCALE = 0.1;

/** timm's `VisionTransformer.init_weights`: truncated normal matrices, zero biases, norms that change nothing. */
export function initialViT(config: ViTConfig, random: Random): Map<string, Float32Array> {
  return new Map([...paramShapes(config)].map(([name, shape]) => [name, initialValues(name, shape, random)]));
}

/** Shares of chance and of the identity in the products, as the paper has them for ViT-Ti on CIFAR-10. */
const QUERY_KEY = { chance: 0.7, identity: 0.7 };
const VALUE_OUTPUT = { chance: 0.4, identity: -0.4 };

/**
 * Mimetic initialisation (Trockman & Kolter 2023): attention begins as that of trained networks is. In every head the
 * product of query and key kernels is near the identity, so that tokens look for others like themselves; that of value
 * and output kernels is near its negative; learned positions begin as sines and cosines of column and row.
 */
export function mimeticViT(config: ViTConfig, random: Random): Map<string, Float32Array> {
  const { dim: D, numHeads, depth, positions } = config;
  const headDim = D / numHeads;
  const values = initialViT(config, random);
  for (let block = 0; block < depth; block += 1) {
    const kernel = (name: string): Float32Array => values.get(`blocks.${block}.attention.${name}.kernel`)!;
    for (let head = 0; head < numHeads; head += 1) {
      const { left, right } = balancedFactors(D, headDim, QUERY_KEY, random);
      left.forEach((column, i) => putColumn(kernel('query'), column, head * headDim + i));
      right.forEach((column, i) => putColumn(kernel('key'), column, head * headDim + i));
    }
    const { left, right } = balancedFactors(D, D, VALUE_OUTPUT, random);
    left.forEach((column, i) => putColumn(kernel('value'), column, i));
    right.forEach((row, i) => kernel('output').set(row, i * D));
  }
  if (positions.kind === 'learned') {
    const { Gh, Gw } = geometryOf(config);
    values.get('positions')!.set(sinCos2d(Gh, Gw, D), positions.numPrefix * D);
  }
  return values;
}

/** Into a square matrix, rows of inputs by columns of outputs. */
function putColumn(matrix: Float32Array, column: Float32Array, index: number): void {
  for (const [row, value] of column.entries()) matrix[row * column.length + index] = value;
}

function initialValues(name: string, shape: readonly number[], random: Random): Float32Array {
  const values = new Float32Array(shape.reduce((product, size) => product * size, 1));
  if (name.endsWith('.bias')) return values;
  if (name.endsWith('.scale')) return values.fill(1);
  if (/\.scale[12]$/.test(name)) return values.fill(LAYER_SCALE);
  const deviation = /^(?:classToken|distillationToken|registers)$/.test(name) ? CLASS_TOKEN_DEVIATION : DEVIATION;
  return values.map(() => deviation * truncatedNormal(random));
}

/** Standard normal within ±2. */
function truncatedNormal(random: Random): number {
  for (;;) {
    const value = random.normal();
    if (Math.abs(value) <= 2) return value;
  }
}
