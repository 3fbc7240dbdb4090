import type { Tensor } from '@tensorflow/tfjs-core';

import type { Precision } from '../precision.ts';
import type { StartRecording } from './recording.ts';

export const BACKEND_NAMES = ['native', 'tensorflow', 'wasm', 'cpu'] as const;
export type BackendName = (typeof BACKEND_NAMES)[number];

export interface BackendOptions {
  /** How many threads the kernels may use; the backend's own choice when absent. */
  readonly threads?: number | undefined;
}

/**
 * One axis of an image's resampling: output position `i` is the sum of `weights[i * stride + t]` times the input at
 * `first[i] + t`, for `t < count[i]`, in 22-bit fixed point.
 */
interface AxisTaps {
  readonly first: Int32Array;
  readonly count: Int32Array;
  readonly weights: Int32Array;
  readonly stride: number;
}

/** Both passes over RGB pixels [H, W, 3], horizontal first, each rounded and clipped to 8 bits. */
export type Resampler = (
  image: { readonly data: Uint8Array; readonly width: number; readonly height: number },
  horizontal: AxisTaps,
  vertical: AxisTaps,
) => Uint8Array;

/** What a step of AdamW multiplies by. */
export interface AdamWFactors {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** Of the gradient. */
  readonly gradientScale: number;
  /** The share of its value that weight decay leaves a parameter. */
  readonly kept: number;
  /** The learning rate and the inverse of √second, corrected for the zeros that the averages began with. */
  readonly stepSize: number;
  readonly deviationScale: number;
}

/** What changes a network's parameters once its gradients are known. */
export interface UpdateKernels {
  /** The values of a float32 tensor, to read for as long as it lives. */
  valuesOf(tensor: Tensor): Float32Array;
  /** values ← values·kept − stepSize·first/(√second·deviationScale + epsilon), after both averages took the gradient in. */
  adamW(
    values: Float32Array,
    gradient: Float32Array,
    moments: { readonly first: Float32Array; readonly second: Float32Array },
    factors: AdamWFactors,
  ): void;
  /** average ← decay · average + (1 − decay) · values. */
  moveAverage(average: Float32Array, values: Float32Array, decay: number): void;
}

/** What a backend says of itself once it runs. */
export interface BackendFacts {
  /** Resamples images, where the backend does that faster than plain TypeScript. */
  readonly resample?: Resampler;
  /** Changes parameters, where the backend does that faster than plain TypeScript. */
  readonly updates?: UpdateKernels;
  /** Records work on tensors, where doing it again without tfjs is faster. */
  readonly startRecording?: StartRecording;
  readonly threads: number;
  /** Versions and instruction set, for people: «tfjs 4.22.0, SIMD». */
  readonly detail: string;
  /**
   * Where it has every precision, the one that `auto` takes: the fastest of those as accurate as float32. Absent where all
   * is float32.
   */
  readonly automatic?: Precision | undefined;
}

/** A connector between tfjs and one way of computing on this machine. */
export interface Backend {
  readonly name: BackendName;
  /**
   * Makes the tfjs backend of this name current and gives it a kernel for each of our ops, its own or the stock
   * composition. Loading twice is harmless.
   *
   * @throws BackendError BACKEND_UNAVAILABLE with the reason and the remedy when it cannot run here.
   */
  load(options: BackendOptions): Promise<BackendFacts>;
}
