import { WeightsError } from '../../errors.ts';
import { partOf, reshaped, shapeOf } from '../arrays.ts';
import type { NamedArray, NamedArrays } from '../arrays.ts';
import type { ViTConfig } from '../architecture.ts';
import { parameterPath, squareImageSize } from '../family.ts';
import type { Description, Family, Source } from '../family.ts';
import type { Preprocessing, Size } from '../preprocessing.ts';

/** How the two JAX libraries name the parts of a block, and where they put the tree. */
interface Layout {
  /** Before every name. */
  readonly root: string;
  readonly attention: string;
  readonly norm2: string;
  readonly mlp: string;
  readonly positions: string;
  /** All blocks in one array each, on its first axis (big_vision's scan). */
  readonly stacked: boolean;
}

const ROOTS = ['', 'opt/target/', 'target/', 'params/'];
const PATCHES = 'embedding/kernel';

/** `.npz` of google-research/vision_transformer and big_vision, computed as their JAX code does. */
export const google: Family<ViTConfig> = {
  name: 'Google JAX ViT',
  matches: (names) => rootAmong(names) !== undefined,
  describe(checkpoint) {
    const { arrays, where } = checkpoint;
    const layout = layoutOf(arrays, rootAmong(arrays) ?? '');
    const config = configOf(layout, arrays, where);
    return {
      architecture: `ViT, patch ${config.patchSize}, width ${config.dim}`,
      config,
      imageSize: config.imageSize,
      labels: undefined,
      preprocessingAt,
      assumption:
        '.npz files say nothing of preprocessing: images are squashed to size and scaled to −1…1, as the JAX libraries do',
      sourceOf: (parameter) => sourceOf(parameter, layout, config),
      unused: [/^opt\/state\//],
    } satisfies Description<ViTConfig>;
  },
};

function rootAmong(names: { has(name: string): boolean }): string | undefined {
  return ROOTS.find((root) => names.has(root + PATCHES) && names.has(`${root}Transformer/encoder_norm/scale`));
}

function layoutOf(arrays: NamedArrays, root: string): Layout {
  const stacked = arrays.has(`${root}Transformer/encoderblock/LayerNorm_0/scale`);
  const first = `${root}Transformer/encoderblock${stacked ? '' : '_0'}`;
  // google-research numbers all four parts of a block in one row, big_vision each kind in its own.
  const oneRow = arrays.has(`${first}/LayerNorm_2/scale`);
  const pooled = `${root}Transformer/posembed_input/pos_embedding`;
  return {
    root,
    stacked,
    attention: `MultiHeadDotProductAttention_${oneRow ? 1 : 0}`,
    norm2: `LayerNorm_${oneRow ? 2 : 1}`,
    mlp: `MlpBlock_${oneRow ? 3 : 0}`,
    positions: arrays.has(pooled) ? pooled : `${root}pos_embedding`,
  };
}

function configOf(layout: Layout, arrays: NamedArrays, where: string): ViTConfig {
  const { root } = layout;
  const [patchSize = 0, , numChannels = 0, dim = 0] = shapeOf(arrays, root + PATCHES, 4, where);
  const [, numClasses = 0] = shapeOf(arrays, `${root}head/kernel`, 2, where);
  const queryShape = shapeOf(
    arrays,
    blockName(layout, 0, `${layout.attention}/query/kernel`),
    layout.stacked ? 4 : 3,
    where,
  );
  const hiddenShape = shapeOf(
    arrays,
    blockName(layout, 0, `${layout.mlp}/Dense_0/kernel`),
    layout.stacked ? 3 : 2,
    where,
  );
  const [, numPositions = 0] = shapeOf(arrays, layout.positions, 3, where);
  const classToken = arrays.has(`${root}cls`);
  // The class token has a position of its own, or (big_vision) comes after they were added.
  const numPrefix = classToken && !Number.isInteger(Math.sqrt(numPositions)) ? 1 : 0;
  return {
    kind: 'vit',
    imageSize: squareImageSize(numPositions - numPrefix, patchSize, where),
    patchSize,
    numChannels,
    patchBias: arrays.has(`${root}embedding/bias`),
    dim,
    depth: depthOf(layout, arrays),
    numHeads: queryShape.at(-2) ?? 0,
    numClasses,
    mlp: { kind: 'plain', hiddenDim: hiddenShape.at(-1) ?? 0, activation: 'gelu-tanh' },
    epsilon: 1e-6,
    qkvBias: true,
    qkNorm: false,
    layerScale: false,
    inputNorm: false,
    prefix: { classToken, distillationToken: false, numRegisters: 0 },
    positions: { kind: 'learned', numPrefix, resample: 'bilinear-corners' },
    pooling: classToken ? { kind: 'class-token' } : { kind: 'mean', norm: 'before' },
  };
}

function blockName({ root, stacked }: Layout, block: number, part: string): string {
  return `${root}Transformer/encoderblock${stacked ? '' : `_${block}`}/${part}`;
}

function depthOf(layout: Layout, arrays: NamedArrays): number {
  if (layout.stacked) return arrays.get(blockName(layout, 0, 'LayerNorm_0/scale'))?.shape[0] ?? 0;
  let depth = 0;
  while (arrays.has(blockName(layout, depth, 'LayerNorm_0/scale'))) depth += 1;
  return depth;
}

/** input_pipeline of google-research/vision_transformer: `tf.image.resize` to the size, (x − 127.5) / 127.5. */
function preprocessingAt(imageSize: Size): Preprocessing {
  return {
    imageSize,
    resize: { kind: 'squash', size: imageSize },
    interpolation: 'bilinear-no-antialias',
    cropRounding: 'floor',
    mean: [0.5, 0.5, 0.5],
    std: [0.5, 0.5, 0.5],
  };
}

const TOP_LEVEL: Readonly<Record<string, string>> = {
  'patchEmbedding.kernel': PATCHES,
  'patchEmbedding.bias': 'embedding/bias',
  classToken: 'cls',
  'norm.scale': 'Transformer/encoder_norm/scale',
  'norm.bias': 'Transformer/encoder_norm/bias',
  'head.kernel': 'head/kernel',
  'head.bias': 'head/bias',
};

/** The axes of an array are the kernel's already; only heads and patches are spread over several of them. */
function sourceOf(parameter: string, layout: Layout, config: ViTConfig): Source {
  const { dim: D, patchSize, numChannels, depth } = config;
  const flatKernel = (array: NamedArray): NamedArray => reshaped(array, [patchSize ** 2 * numChannels, D]);
  const top = TOP_LEVEL[parameter];
  if (parameter === 'positions') return { name: layout.positions, convert: (array) => array };
  if (top !== undefined) {
    return { name: layout.root + top, convert: top === PATCHES ? flatKernel : (array) => array };
  }
  const { block, layer, leaf } = parameterPath(parameter);
  const index = Number(block.split('.')[1]);
  const name = blockName(layout, index, `${layerName(layer, layout)}/${leaf}`);
  const convert = layer.startsWith('attention.') ? (array: NamedArray) => headsTogether(array, leaf, D) : undefined;
  return {
    name,
    convert: (array) => {
      const own = layout.stacked ? unstacked(array, index, depth, name) : array;
      return convert?.(own) ?? own;
    },
  };
}

function layerName(layer: string, { attention, norm2, mlp }: Layout): string {
  switch (layer) {
    case 'norm1':
      return 'LayerNorm_0';
    case 'norm2':
      return norm2;
    case 'mlp.hidden':
      return `${mlp}/Dense_0`;
    case 'mlp.output':
      return `${mlp}/Dense_1`;
    case 'attention.output':
      return `${attention}/out`;
    default:
      return `${attention}/${layer.replace('attention.', '')}`;
  }
}

/** [D, H, Dh] or [H, Dh, D] → [D, D]; [H, Dh] → [D]. */
function headsTogether(array: NamedArray, leaf: string, D: number): NamedArray {
  return reshaped(array, leaf === 'bias' ? [D] : [D, D]);
}

function unstacked(array: NamedArray, index: number, depth: number, name: string): NamedArray {
  const [numBlocks, ...shape] = array.shape;
  if (numBlocks !== depth)
    throw new WeightsError(`${name}: expected ${depth} blocks on its first axis, got ${numBlocks}`);
  return { ...partOf(array, index, depth), shape };
}
