import type { CnnConfig } from './cnn-architecture.ts';
import type { Size } from './preprocessing.ts';

/**
 * What a Vision Transformer checkpoint says of its own shape. A family reader makes it from the checkpoint's
 * configuration and tensor names; `vit/` builds the network from it.
 */
export interface ViTConfig {
  readonly kind: 'vit';
  /** Pixels; a multiple of `patchSize` on both sides. */
  readonly imageSize: Size;
  readonly patchSize: number;
  readonly numChannels: number;
  /** Whether the patch embedding has a bias. */
  readonly patchBias: boolean;
  /** Width D of a token. */
  readonly dim: number;
  /** Number of encoder blocks L. */
  readonly depth: number;
  readonly numHeads: number;
  readonly numClasses: number;
  readonly mlp: Mlp;
  /** ε of every layer norm. */
  readonly epsilon: number;
  readonly qkvBias: boolean;
  /** Whether each head's queries and keys are layer-normed before they meet (Dehghani et al. 2023). */
  readonly qkNorm: boolean;
  /** Whether each branch is multiplied, channel by channel, before it is added (Touvron et al. 2021). */
  readonly layerScale: boolean;
  /** Whether the tokens are layer-normed before the first block, as in CLIP. */
  readonly inputNorm: boolean;
  readonly prefix: Prefix;
  readonly positions: PositionEncoding;
  readonly pooling: Pooling;
  /** Every token attends to every other by the scaled dot product when absent, as in all published checkpoints. */
  readonly attention?: Attention | undefined;
  /** A convolutional stem before the patches are embedded, as in R+ViT; none when absent. */
  readonly stem?: Stem | undefined;
}

export interface Attention {
  readonly mechanism: AttentionMechanism;
  readonly reach: AttentionReach;
  /** Three products for queries, keys and values, or one of three times the width: the same numbers. */
  readonly qkv: 'separate' | 'fused';
}

export type AttentionMechanism =
  /** softmax(q·k / √Dh)·v (Vaswani et al. 2017). */
  | 'scaled-dot'
  /** softmax(q·k)·v (Luong et al. 2015). */
  | 'dot'
  /** softmax(w·tanh(q + k))·v (Bahdanau et al. 2015). */
  | 'additive'
  /** φ(q)·φ(k)·v, normalised, with φ = elu + 1 (Katharopoulos et al. 2020). */
  | 'linear';

/** Whom a token may attend to. Except for `causal`, the prefix tokens see all and are seen by all. */
export type AttentionReach =
  | { readonly kind: 'all' }
  /** The tokens before it and itself, prefix included. */
  | { readonly kind: 'causal' }
  /** Patches next to it in reading order. */
  | { readonly kind: 'window'; readonly before: number; readonly after: number }
  /** The (2·radius + 1)² patches around it. */
  | { readonly kind: 'neighbourhood'; readonly radius: number }
  /** `edges[i]` lists the patches that patch i attends to. */
  | { readonly kind: 'graph'; readonly edges: readonly (readonly number[])[] };

interface Stem {
  /** Channels after each 3×3 convolution of stride 2 with a ReLU; the patch is cut from what the last one gives. */
  readonly widths: readonly number[];
}

/** The learned tokens before the patches, in this order. */
interface Prefix {
  readonly classToken: boolean;
  /** DeiT's second output token, with a head of its own. */
  readonly distillationToken: boolean;
  /** Tokens that are read by nobody but give attention somewhere to go (Darcet et al. 2023). */
  readonly numRegisters: number;
}

export type Mlp =
  /** act(x·W₁)·W₂ with `hiddenDim` columns between. */
  | { readonly kind: 'plain'; readonly hiddenDim: number; readonly activation: Activation }
  /** (silu(x·W_gate) ⊙ x·W_hidden)·W₂ (Shazeer 2020). */
  | { readonly kind: 'swiglu'; readonly hiddenDim: number };

/** The non-linearities that checkpoints name; what each one computes is said where it is computed. */
export type Activation = 'relu' | 'gelu' | 'gelu-tanh' | 'gelu-quick';

export type PositionEncoding =
  /**
   * A learned table for the patch grid, and before it for the first `numPrefix` tokens of the prefix. The grid is
   * resampled when the model runs at another size.
   */
  | { readonly kind: 'learned'; readonly numPrefix: number; readonly resample: PositionResample }
  /** Fixed: sines and cosines of the patch index (Vaswani et al. 2017). */
  | { readonly kind: 'sincos-1d' }
  /** Fixed: sines and cosines of column and row, half the width each (MAE). */
  | { readonly kind: 'sincos-2d' }
  /** A learned bias of the scores by the offset between two patches, a table for each head of each block. */
  | { readonly kind: 'relative' }
  /** The same with three parameters a head, quadratic in the offset (Cordonnier et al. 2020). */
  | { readonly kind: 'relative-quadratic' }
  /** Queries and keys turned by row and column (Su et al. 2021). */
  | { readonly kind: 'rotary-2d' }
  | { readonly kind: 'none' };

/** How a learned position grid is brought to another grid; each library does it in its own way. */
export type PositionResample =
  /** torch `interpolate(mode='bicubic', antialias=True)`: timm. */
  | 'bicubic-antialias'
  /** torch `interpolate(mode='bicubic', align_corners=False)`: Hugging Face. */
  | 'bicubic'
  /** torch `interpolate(mode='bicubic', align_corners=True)`: torchvision. */
  | 'bicubic-corners'
  /** `scipy.ndimage.zoom(order=1)`, whose corners stay corners: google-research and big_vision. */
  | 'bilinear-corners';

export type Pooling =
  /** The class token, after the final norm. */
  | { readonly kind: 'class-token' }
  /** The mean of the patch tokens; the final norm comes before it, or after it (timm's `fc_norm`). */
  | { readonly kind: 'mean'; readonly norm: 'before' | 'after' }
  /** The class token beside the mean of the patch tokens, [2D] to the head: DINOv2's linear head. */
  | { readonly kind: 'class-token-and-mean' }
  /** A head on the class token and one on the distillation token, their logits averaged: DeiT. */
  | { readonly kind: 'distilled' };

/** A TensorFlow.js model, whose layers or operations are its own file's. */
export interface TfjsConfig {
  readonly kind: 'tfjs';
  readonly format: 'layers-model' | 'graph-model';
  /** Layers, or operations of the graph. */
  readonly numSteps: number;
  readonly numChannels: number;
  readonly numClasses: number;
  /** Whether the network ends in a softmax of its own. */
  readonly output: 'probabilities' | 'logits';
}

/** The shape of a network that patchlens builds; `kind` tells them apart. */
export type CheckpointConfig = ViTConfig | CnnConfig;

/** The shape of a network of any kind; `kind` tells them apart. */
export type NetworkConfig = CheckpointConfig | TfjsConfig;
