import type { Activation, ViTConfig } from '../architecture.ts';
import { timmTensor } from '../families/timm.ts';
import { withDistillationTokenAsRegister, withPatchBias, withPrefixPositions } from '../vit-weights.ts';
import type { ViTWeights } from '../vit-weights.ts';
import type { Target } from './target.ts';
import { pretrainedConfig } from './timm-recipe.ts';

/** `timm.create_model('local-dir:…', pretrained=True)`: config.json says the architecture and all that differs from it. */
export const timmTarget: Target = {
  library: 'timm',
  lacking(config) {
    const { pooling, mlp, prefix, positions, inputNorm, patchBias } = config;
    const lacks: [boolean, string][] = [
      [pooling.kind === 'class-token-and-mean', 'a head on the class token beside the mean of the patches'],
      [inputNorm && patchBias, 'a patch embedding with a bias before a layer norm'],
      [positions.kind.startsWith('sincos'), 'fixed positions of sines and cosines'],
      [pooling.kind === 'distilled' && mlp.kind === 'swiglu', 'a distillation head behind SwiGLU'],
      [pooling.kind === 'distilled' && prefix.numRegisters > 0, 'a distillation head beside registers'],
      [pooling.kind === 'distilled' && positions.kind === 'none', 'a distillation head without positions'],
    ];
    return lacks.filter(([lacking]) => lacking).map(([, feature]) => feature);
  },
  publish(given, about) {
    const network = inTimmsForm(about.atImageSize(given));
    const { config } = network;
    return {
      network,
      tensorOf: (parameter) => timmTensor(parameter, config),
      idle: [],
      config: {
        architecture: about.timmArchitecture ?? architectureOf(config),
        num_classes: config.numClasses,
        num_features: config.dim,
        global_pool: config.pooling.kind === 'mean' ? 'avg' : 'token',
        ...(about.labels && { label_names: about.labels }),
        model_args: modelArgs(config),
        pretrained_cfg: {
          ...pretrainedConfig(config, about),
          fixed_input_size: true,
          pool_size: null,
          first_conv: 'patch_embed.proj',
          classifier: config.pooling.kind === 'distilled' ? ['head', 'head_dist'] : 'head',
        },
      },
      // pretrained_cfg has the recipe.
      preprocessor: undefined,
    };
  },
};

/** Every prefix token has a position or none has, and a patch embedding without bias only a norm after it. */
function inTimmsForm(given: ViTWeights): ViTWeights {
  const tokens = withDistillationTokenAsRegister(given.config.inputNorm ? given : withPatchBias(given));
  const { positions, prefix, pooling } = tokens.config;
  const numPrefix = Number(prefix.classToken) + Number(prefix.distillationToken) + prefix.numRegisters;
  const all = positions.kind === 'learned' && positions.numPrefix === numPrefix;
  return withPrefixPositions(tokens, all || pooling.kind === 'distilled' ? numPrefix : 0);
}

const CLIP_EPSILON = 1e-5;

/** timm's name for a network of this shape, or for one whose class and ε it shares; model_args say how it differs. */
function architectureOf({ dim, patchSize, pooling, mlp, epsilon }: ViTConfig): string {
  // Only an architecture's name brings these: model_args are JSON, which holds no class and no ε.
  if (mlp.kind === 'swiglu') return 'vit_giant_patch14_dinov2';
  const size = SIZES.find((candidate) => candidate.dim === dim);
  if (pooling.kind === 'distilled') {
    return `deit_${dim === 192 || dim === 384 ? size?.name : 'base'}_distilled_patch16_224`;
  }
  if (epsilon === CLIP_EPSILON) return 'vit_base_patch16_clip_224';
  return size?.patches.includes(patchSize) ? `vit_${size.name}_patch${patchSize}_224` : 'vit_base_patch16_224';
}

const SIZES = [
  { dim: 192, name: 'tiny', patches: [16] },
  { dim: 384, name: 'small', patches: [8, 16, 32] },
  { dim: 768, name: 'base', patches: [8, 16, 32] },
  { dim: 1024, name: 'large', patches: [14, 16, 32] },
  { dim: 1280, name: 'huge', patches: [14] },
];

const ACTIVATIONS: Readonly<Record<Activation, string>> = {
  gelu: 'gelu',
  'gelu-tanh': 'gelu_tanh',
  'gelu-quick': 'quick_gelu',
  relu: 'relu',
};

/** Everything that timm's VisionTransformer can be told, so that nothing is left to what the architecture's name implies. */
function modelArgs(config: ViTConfig): object {
  const { dim, mlp, prefix, positions, pooling, imageSize } = config;
  const packedDim = mlp.kind === 'swiglu' ? 2 * mlp.hiddenDim : mlp.hiddenDim;
  return {
    img_size: imageSize.height === imageSize.width ? imageSize.height : [imageSize.height, imageSize.width],
    patch_size: config.patchSize,
    in_chans: config.numChannels,
    global_pool: pooling.kind === 'mean' ? 'avg' : 'token',
    embed_dim: dim,
    depth: config.depth,
    num_heads: config.numHeads,
    mlp_ratio: ratioOf(packedDim, dim),
    qkv_bias: config.qkvBias,
    qk_norm: config.qkNorm,
    init_values: config.layerScale ? 1e-5 : null,
    class_token: prefix.classToken,
    pos_embed: positions.kind === 'none' ? 'none' : 'learn',
    no_embed_class: positions.kind === 'learned' && positions.numPrefix === 0,
    reg_tokens: prefix.numRegisters,
    pre_norm: config.inputNorm,
    fc_norm: pooling.kind === 'mean' && pooling.norm === 'after',
    ...(mlp.kind === 'plain' && { act_layer: ACTIVATIONS[mlp.activation] }),
  };
}

/** A ratio with which `int(dim * ratio)` is the width. */
function ratioOf(width: number, dim: number): number {
  const ratio = width / dim;
  return Math.trunc(dim * ratio) === width ? ratio : (width + 0.5) / dim;
}
