import * as z from 'zod';

import { PRECISIONS } from '../tensor/precision.ts';

const AdamW = z.object({
  kind: z.literal('adamw'),
  beta1: z.number().min(0).lt(1),
  beta2: z.number().min(0).lt(1),
  epsilon: z.number().positive(),
});

/** Of the library that the network is from, or with attention as trained networks have it. */
const Initialisation = z.enum(['usual', 'mimetic']);
export type Initialisation = z.infer<typeof Initialisation>;

/** After which block, counted from 0, the patches learn from the teacher's feature map, and the weight of that loss. */
const Guidance = z.object({ block: z.int().nonnegative(), weight: z.number().positive() });
export type Guidance = z.infer<typeof Guidance>;

/** How a run trains, in every detail that its outcome depends on beside the images. */
export const Recipe = z
  .object({
    /** Every random number of the run follows from it. */
    seed: z.int().nonnegative(),
    /**
     * Arithmetic of the products of the network's passes; parameters, gradients and the optimiser's memory are float32. A state
     * that does not say it is of a run in float32.
     */
    precision: z.enum(PRECISIONS).default('f32'),
    /** Optimiser steps. */
    steps: z.int().min(1),
    /** Images of one forward and backward pass. */
    batchSize: z.int().min(1).max(4096),
    /** Passes whose gradients are averaged for one step. */
    accumulate: z.int().min(1).max(1024),
    optimizer: z.discriminatedUnion('kind', [
      AdamW,
      z.object({ kind: z.literal('sgd'), momentum: z.number().min(0).lt(1), nesterov: z.boolean() }),
      z.object({ kind: z.literal('muon'), momentum: z.number().min(0).lt(1), others: AdamW }),
    ]),
    /** The highest that the schedule reaches. */
    learningRate: z.number().positive(),
    warmupSteps: z.int().nonnegative(),
    /** What is left of the learning rate at the end. */
    finalShare: z.number().min(0).max(1),
    /** Of matrices and convolutions; biases, norms, tokens and positions have none. */
    weightDecay: z.number().nonnegative(),
    /** Largest norm of all gradients together; longer ones are shortened to it. */
    clipNorm: z.number().positive().nullable(),
    labelSmoothing: z.number().min(0).lt(1),
    /** Of the exponential moving average of the parameters, which is what is saved as the model; zero: no average. */
    averageDecay: z.number().min(0).lt(1),
    /** Each layer's learning rate is that of the next one towards the head times this. */
    layerDecay: z.number().positive().max(1),
    /** Only the head is trained, on features that do not change: a linear probe. */
    freezeTrunk: z.boolean(),
    stochasticDepth: z.number().min(0).lt(1),
    /** Each image leaves out a share of its patches, up to that share of the steps; the rest sees all. */
    patchDrop: z.object({ rate: z.number().positive().lt(1), until: z.number().positive().max(1) }).nullable(),
    /** What random parameters begin as. */
    initialisation: Initialisation,
    augmentation: z.object({
      crop: z
        .discriminatedUnion('kind', [
          z.object({ kind: z.literal('padded'), pixels: z.int().nonnegative().max(4096) }),
          z.object({ kind: z.literal('resized'), minArea: z.number().positive().max(1) }),
        ])
        .nullable(),
      flip: z.number().min(0).max(1),
      randAugment: z.object({ operations: z.int().min(1).max(14), magnitude: z.number().min(0).max(10) }).nullable(),
      erasing: z.number().min(0).max(1),
    }),
    mixing: z.object({ mixup: z.number().nonnegative(), cutmix: z.number().nonnegative() }),
    distillation: z
      .discriminatedUnion('kind', [
        z.object({ kind: z.literal('soft'), weight: z.number().min(0).max(1), temperature: z.number().positive() }),
        z.object({ kind: z.literal('hard'), weight: z.number().min(0).max(1) }),
      ])
      .nullable(),
    /** A state that does not say it is of a run without it. */
    guidance: Guidance.nullable().default(null),
  })
  .readonly();
export type Recipe = z.infer<typeof Recipe>;
