import type { Size } from './preprocessing.ts';

/**
 * What a Vision Transformer checkpoint says of its own shape. A family reader makes it from the checkpoint's
 * configuration and tensor names; `vit/` builds the network from it.
 */
export interface ViTConfig {
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
