import type { TokenGrid } from '../../attribution/token-grid.ts';
import type { QuantisedAttention } from './quantise.ts';

/** All that the explorer page shows of one photograph and one Vision Transformer. */
export interface ExplorerData {
  readonly title: string;
  readonly model: ExploredModel;
  readonly pictures: ExploredPictures;
  readonly grid: TokenGrid;
  /** The token that is shown first, by its index. */
  readonly token: number;
  /** The class that is explained first, by its index. */
  readonly target: number;
  readonly attention: QuantisedAttention;
  /** The likeliest classes, likeliest first. */
  readonly predictions: readonly ExploredPrediction[];
  /** Of the methods that come to one map: rollout, and for each prediction those that depend on the class. */
  readonly maps: readonly ExploredMap[];
  /** Exact steps of one token's attention. */
  readonly steps: readonly ExploredSteps[];
  /** Why there are no steps, where they were asked for. */
  readonly withoutSteps?: string | undefined;
}

interface ExploredModel {
  readonly name: string;
  readonly architecture: string;
  readonly backend: string;
  readonly precision: string;
}

/** Pictures are data URIs. */
export interface ExploredPictures {
  /** What the model sees, which the grid covers. */
  readonly view: { readonly href: string; readonly width: number; readonly height: number };
  /** The photograph before it is cropped, perhaps made smaller; `crop` is the model's view as shares of its sides. */
  readonly photograph?:
    | {
        readonly href: string;
        readonly width: number;
        readonly height: number;
        readonly crop: { readonly left: number; readonly top: number; readonly width: number; readonly height: number };
      }
    | undefined;
}

interface ExploredPrediction {
  readonly index: number;
  readonly label: string;
  /** 0…1 */
  readonly probability: number;
}

export interface ExploredMap {
  readonly method: string;
  /** What the values are: «relevance». */
  readonly quantity: string;
  readonly isSigned: boolean;
  /** Index of the class that is explained; absent where the map is the same for every class. */
  readonly target?: number | undefined;
  /** Absent where the map is of all layers together. */
  readonly layer?: number | undefined;
  /** [Gh · Gw], exact. */
  readonly values: Float32Array;
  /** What falls to the tokens before the patches, in the grid's order; empty where the method has nothing to say of them. */
  readonly prefix: readonly number[];
}

/** How one token's attention comes about in one layer and head: exact float32 numbers of the backend. */
export interface ExploredSteps {
  readonly layer: number;
  readonly head: number;
  /** The token that asks, by its index. */
  readonly token: number;
  /** 1/√Dh */
  readonly scale: number;
  /** [Dh] */
  readonly query: Float32Array;
  /** [N, Dh] */
  readonly keys: Float32Array;
  /** [N, Dh] */
  readonly values: Float32Array;
  /** q·k [N] */
  readonly scores: Float32Array;
  /** q·k/√Dh [N] */
  readonly scaled: Float32Array;
  /** Softmax of the scaled scores [N]. */
  readonly weights: Float32Array;
  /** Σ weight · value [Dh] */
  readonly output: Float32Array;
}
