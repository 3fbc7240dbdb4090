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
  /** Width D of a token. */
  readonly dim: number;
  /** Number of encoder blocks L. */
  readonly depth: number;
  readonly numHeads: number;
  /** Hidden width of the MLP. */
  readonly mlpDim: number;
  readonly numClasses: number;
  readonly activation: 'gelu' | 'gelu-tanh' | 'gelu-quick';
  /** ε of every layer norm. */
  readonly epsilon: number;
  readonly qkvBias: boolean;
  /** Whether a learned class token stands before the patches. */
  readonly classToken: boolean;
  readonly positions: PositionEncoding;
  readonly pooling: Pooling;
}

export type PositionEncoding =
  /** A learned table for the prefix and the patch grid, resampled when the model runs at another size. */
  | { readonly kind: 'learned'; readonly resample: PositionResample }
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
  /** torch `interpolate(mode='bilinear', align_corners=False)`: timm's reader of `.npz`. */
  | 'bilinear';

export type Pooling =
  /** The class token, after the final norm. */
  | { readonly kind: 'class-token' }
  /** The mean of the patch tokens; the final norm comes before it, or after it (timm's `fc_norm`). */
  | { readonly kind: 'mean'; readonly norm: 'before' | 'after' };
