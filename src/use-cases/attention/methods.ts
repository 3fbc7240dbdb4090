import type { NdArray } from 'ndarray';

import type { HeadFusion } from '../../attribution/heads.ts';
import type { Fill } from '../../image/fills.ts';
import type { TokenGrid, TokenName } from '../../attribution/token-grid.ts';
import type { ModelInfo } from '../model-info.ts';
import type { Prediction } from '../prediction.ts';

/** What a method's maps are made of and what their values mean. */
export interface MethodFacts {
  /** What the colour bar says. */
  readonly quantity: string;
  /** Whether the maps depend on the target class. */
  readonly isOfClass: boolean;
  /** Whether they need a Vision Transformer; the others suit every network. */
  readonly needsAttention: boolean;
  /** Values below zero mean something too. */
  readonly isSigned: boolean;
}

const vit = { needsAttention: true, isOfClass: false, isSigned: false } as const;
const ofClass = { needsAttention: true, isOfClass: true, isSigned: false } as const;
const anyNetwork = { needsAttention: false, isOfClass: true, isSigned: false } as const;

export const METHOD_FACTS = {
  /** What a token attends to, in each layer and head or with heads fused. */
  attention: { ...vit, quantity: 'share of attention' },
  /** Attention through all layers (Abnar & Zuidema 2020). The same for every class. */
  rollout: { ...vit, quantity: 'share of attention' },
  /** Rollout of attention weighted by its gradient. */
  'gradient-rollout': { ...ofClass, quantity: 'share' },
  /** Generic relevance (Chefer, Gur & Wolf 2021). */
  relevance: { ...ofClass, quantity: 'relevance' },
  /** Attention ⊙ gradient of the last layers, what is positive of it. */
  'attention-gradient': { ...ofClass, quantity: 'attention x gradient' },
  /** Grad-CAM with the heads of one layer as channels. */
  'attention-cam': { ...ofClass, quantity: 'weighted attention' },
  /** Grad-CAM (Selvaraju et al. 2017) on the tokens before a block, or on the last features of a CNN. */
  'grad-cam': { ...anyNetwork, quantity: 'weighted activation' },
  /** How much less probable the class is without each patch. */
  occlusion: { ...anyNetwork, isSigned: true, quantity: 'fall of probability' },
  /** Mean probability under random masks that show a place (Petsiuk, Das & Saenko 2018). */
  rise: { ...anyNetwork, quantity: 'mean probability' },
  /** Cosine between one token and every patch. */
  'token-similarity': { ...vit, isSigned: true, quantity: 'cosine similarity' },
  /** Length of each token's vector; outliers carry no picture (Darcet et al. 2023). */
  'token-norm': { ...vit, quantity: 'norm' },
  /** The first three principal components of the patches as red, green and blue. */
  'token-colours': { ...vit, quantity: 'principal components' },
} as const satisfies Record<string, MethodFacts>;

export type AttentionMethod = keyof typeof METHOD_FACTS;
// Object.keys forgets which keys an object has.
// oxlint-disable-next-line typescript/no-unsafe-type-assertion
export const ATTENTION_METHODS = Object.keys(METHOD_FACTS) as readonly AttentionMethod[];

/** The methods that suit a model: those without attention suit every one. */
export function methodsFor({ config }: Pick<ModelInfo, 'config'>): AttentionMethod[] {
  return ATTENTION_METHODS.filter((method) => config.kind === 'vit' || !METHOD_FACTS[method].needsAttention);
}

export interface AttentionOptions {
  /** Default `rollout` for a Vision Transformer, `grad-cam` for any other network. */
  readonly method?: AttentionMethod | undefined;
  /** Encoder blocks from 0; default the last, for rollout and relevance all. */
  readonly layers?: readonly number[] | 'all' | undefined;
  /** Default all. */
  readonly heads?: readonly number[] | undefined;
  /** How heads become one map; `none`, for `attention` alone, gives a map for each. Default `mean`. */
  readonly fusion?: HeadFusion | 'none' | undefined;
  /**
   * The token that asks: a prefix token by its name, `class`, `distillation`, `register 0` …, a patch by [row, column], or
   * `patches` for the mean of all. Default the class token, and `patches` where there is none.
   */
  readonly query?: TokenName | undefined;
  /** For `attention`: where the token looks (default), or who looks at it. */
  readonly direction?: 'from' | 'to' | undefined;
  /** The class that gradient methods, occlusion and RISE explain, by index or label; default the likeliest. */
  readonly target?: number | string | undefined;
  /** Of rollout: the share of each layer's smallest weights that is set to zero, 0…1; default 0. */
  readonly discard?: number | undefined;
  /** What a removed patch is replaced by; default `grey`. */
  readonly fill?: Fill | undefined;
  /** Random masks of RISE; default 1,000. */
  readonly masks?: number | undefined;
  /** Of RISE; default 1. */
  readonly seed?: number | undefined;
  /** Images computed together where a method needs many; default 16. */
  readonly batchSize?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface AttentionMap {
  /** Absent where a map is of the network as a whole. */
  readonly layer?: number | undefined;
  /** Absent where heads are fused. */
  readonly head?: number | undefined;
  /** [Gh, Gw]; [Gh, Gw, 3] in 0…1 for `token-colours`. */
  readonly values: NdArray<Float32Array>;
  /** What falls to the tokens before the patches, by name; with the patches it makes the whole. */
  readonly prefix: Readonly<Record<string, number>>;
}

/** Where the network's view lies on the photograph. */
export interface ViewPlace {
  /** Of the photograph in pixels. */
  readonly width: number;
  readonly height: number;
  /** The rectangle that the grid covers, in its pixels; beyond its borders where the recipe pads. */
  readonly view: { readonly left: number; readonly top: number; readonly width: number; readonly height: number };
}

export interface AttentionMaps extends ViewPlace {
  readonly method: AttentionMethod;
  /** What the values are. */
  readonly quantity: string;
  readonly isSigned: boolean;
  readonly grid: TokenGrid;
  /** Who asks, where somebody does. */
  readonly query?: TokenName | undefined;
  /** What is explained, where the method depends on it. */
  readonly target?: Prediction | undefined;
  /** The likeliest classes, five at most. */
  readonly predictions: readonly Prediction[];
  readonly maps: readonly AttentionMap[];
  /** `token-norm`: patches whose norms stand out. */
  readonly outliers?: readonly (readonly [row: number, column: number])[] | undefined;
}
