import type { Tensor, Tensor1D, Tensor2D, Tensor3D } from '@tensorflow/tfjs-core';

import type { InputLayout } from './batch.ts';
import type { Random } from './random.ts';
import type { Initialisation } from './recipe.ts';

/** A network as training sees it: parameters by dotted name, and a forward pass that can be differentiated. */
export interface Trainable {
  /** Every parameter that gradients change. */
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  /** What a pass itself changes, such as the running means of batch normalisation. */
  readonly runningShapes: ReadonlyMap<string, readonly number[]>;
  readonly layout: InputLayout;
  /** Shape of a batch of inputs. */
  readonly inputShape: (batchSize: number) => number[];
  /** Everything as training from scratch begins. */
  readonly initial: (random: Random, how: Initialisation) => ReadonlyMap<string, Float32Array>;
  /** 0 for the parameters nearest to the input, up to `numDepths` − 1 for the head: what layer-wise decay goes by. */
  readonly depthOf: (name: string) => number;
  readonly numDepths: number;
  /** Whether the parameter belongs to the classifier on top of the features. */
  readonly isHead: (name: string) => boolean;
  /** What a recipe may ask of it beside what every network can do. */
  readonly abilities: ReadonlySet<Ability>;
  /** Of a network whose blocks work on tokens. */
  readonly tokens?: TokenForm | undefined;
  readonly forward: (parameters: (name: string) => Tensor, inputs: Tensor, pass: Pass) => Outputs;
  /** Frees what the network keeps on the backend besides its parameters. */
  readonly dispose: () => void;
}

/** What blocks work on: tokens of the patches, row by row. */
interface TokenForm {
  readonly dim: number;
  readonly numBlocks: number;
  /** Rows and columns of patches. */
  readonly grid: readonly [number, number];
}

/** Parts of a recipe that only some networks have. */
export type Ability = 'stochasticDepth' | 'patchDrop' | 'mimetic';

/** Evaluation, or one training pass with what is random in it. */
export type Pass =
  | { readonly training: false }
  | {
      readonly training: true;
      /** The share of residual branches that the last block leaves out; the first leaves out none (Huang et al. 2016). */
      readonly stochasticDepth: number;
      /** The share of its patches that every image leaves out (Liu et al. 2023). */
      readonly patchDrop: number;
      readonly random: Random;
      /** The block whose patches are an output too. */
      readonly shown?: number | undefined;
    };

export interface Outputs {
  /** [B, classes] */
  readonly logits: Tensor2D;
  /** Of the distillation token's own head, while training. */
  readonly distillation?: Tensor2D | undefined;
  /** New values of what the pass changes. */
  readonly running?: ReadonlyMap<string, Tensor> | undefined;
  /** What a teacher's features are compared with, while training by its guidance. */
  readonly features?: PatchFeatures | undefined;
}

/** Features of patches, of all or of those that a pass has kept. */
export interface PatchFeatures {
  /** [B, n, D], or [B, n, C] once projected on a teacher's C channels. */
  readonly values: Tensor3D;
  /** Which of all patches of the batch they are, int32 [B·n]; absent when they are all. */
  readonly rows?: Tensor1D | undefined;
}
