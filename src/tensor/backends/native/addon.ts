import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

import { BackendError } from '../../../errors.ts';

/**
 * The functions of cpp/addon*.cc. They run on the arrays in place, on all threads, and return when they are done; sizes
 * that do not fit the arrays throw a RangeError.
 */
export interface Addon {
  /** Names of the instruction sets that this processor runs, fastest first. */
  instructionSets(): string[];
  /**
   * An index in `instructionSets()`, for this thread, which before takes the fastest, and the threads of the whole process,
   * before one. Gives the precision that is fastest there among those as accurate as float32. A precision is one of
   * PRECISION_CODES.
   */
  select(instructionSet: number, threads: number): number;
  /** How many floats lie before the first cache line that begins in an array. */
  floatsToLine(array: Float32Array): number;
  /** Length of the array that `pack` fills. */
  packedLength(K: number, N: number, precision: number): number;
  /** For `linear` in the same precision. */
  pack(matrix: Float32Array, packed: Float32Array, K: number, N: number, precision: number): void;
  linear(
    x: Float32Array,
    packed: Float32Array,
    bias: Float32Array | null,
    residual: Float32Array | null,
    out: Float32Array,
    /** M, N, K */
    sizes: Int32Array,
    activation: number,
    precision: number,
  ): void;
  matMul(
    a: Float32Array,
    b: Float32Array,
    out: Float32Array,
    /** For each product the index of its A and that of its B. */
    pairs: Int32Array,
    /** M, N, K, matrices in a, matrices in b */
    sizes: Int32Array,
    /** 1: A is stored transposed, 2: B is, 4: a long sum may be cut, whose rounding then is not that of the same product in a batch. */
    transposed: number,
    precision: number,
  ): void;
  attention(
    q: Float32Array,
    k: Float32Array,
    v: Float32Array,
    mask: Float32Array | null,
    out: Float32Array,
    weights: Float32Array | null,
    /** B, H, Nq, Nk, Dh, Dvh, the first two axes of the mask, and how far the tokens of q and k and those of v lie apart */
    sizes: Int32Array,
    scale: number,
    precision: number,
  ): void;
  layerNorm(x: Float32Array, scale: Float32Array, bias: Float32Array, out: Float32Array, epsilon: number): void;
  activate(x: Float32Array, out: Float32Array, activation: number): void;
  softmax(x: Float32Array, out: Float32Array, D: number): void;
  binary(
    a: Float32Array,
    b: Float32Array,
    out: Float32Array,
    operation: number,
    /** The shape, then the strides of a, then those of b; 0 where an operand is broadcast. */
    layout: Int32Array,
  ): void;
  /** What the packed form of a filter depends on, beside its shape: the geometry as convolutions/windows.ts makes it. */
  filterForm(geometry: Int32Array, precision: number): number;
  /** Length of the array that `packFilter` fills. */
  packedFilterLength(geometry: Int32Array, precision: number): number;
  /** For `convolution` in the same precision. */
  packFilter(filter: Float32Array, packed: Float32Array, geometry: Int32Array, precision: number): void;
  convolution(
    x: Float32Array,
    filter: Float32Array,
    packed: Float32Array,
    bias: Float32Array | null,
    /** Added before the activation. */
    skip: Float32Array | null,
    out: Float32Array,
    geometry: Int32Array,
    activation: number,
    precision: number,
  ): void;
  convolutionInputGradient(dy: Float32Array, filter: Float32Array, dx: Float32Array, geometry: Int32Array): void;
  convolutionFilterGradient(x: Float32Array, dy: Float32Array, dFilter: Float32Array, geometry: Int32Array): void;
  depthwise(
    x: Float32Array,
    filter: Float32Array,
    bias: Float32Array | null,
    out: Float32Array,
    geometry: Int32Array,
    activation: number,
  ): void;
  /** Of sizes from 1 up; the expansion and the projection packed as for `linear` in the same precision. */
  invertedResidual(
    x: Float32Array,
    expand: Float32Array | null,
    expandBias: Float32Array | null,
    filter: Float32Array,
    filterBias: Float32Array,
    project: Float32Array,
    projectBias: Float32Array,
    out: Float32Array,
    /** Of the depthwise convolution. */
    geometry: Int32Array,
    activation: number,
    /** 1 where x is added. */
    isResidual: number,
    precision: number,
  ): void;
  depthwiseInputGradient(dy: Float32Array, filter: Float32Array, dx: Float32Array, geometry: Int32Array): void;
  depthwiseFilterGradient(x: Float32Array, dy: Float32Array, dFilter: Float32Array, geometry: Int32Array): void;
  maxPool(x: Float32Array, out: Float32Array, geometry: Int32Array): void;
  maxPoolGradient(dy: Float32Array, x: Float32Array, dx: Float32Array, geometry: Int32Array): void;
  averagePool(x: Float32Array, out: Float32Array, geometry: Int32Array): void;
  averagePoolGradient(dy: Float32Array, dx: Float32Array, geometry: Int32Array): void;
  batchNorm(
    x: Float32Array,
    mean: Float32Array,
    variance: Float32Array,
    offset: Float32Array | null,
    scale: Float32Array | null,
    out: Float32Array,
    epsilon: number,
  ): void;
  /** With the moments of the batch, which it writes too; `rectifies` is 1 where a ReLU follows. */
  batchNormTraining(
    x: Float32Array,
    scale: Float32Array,
    bias: Float32Array,
    skip: Float32Array | null,
    out: Float32Array,
    mean: Float32Array,
    variance: Float32Array,
    epsilon: number,
    rectifies: number,
  ): void;
  batchNormTrainingGradient(
    dy: Float32Array,
    x: Float32Array,
    scale: Float32Array,
    bias: Float32Array,
    skip: Float32Array | null,
    dx: Float32Array,
    dScale: Float32Array,
    dBias: Float32Array,
    dSkip: Float32Array | null,
    epsilon: number,
    rectifies: number,
  ): void;
  activationGradient(dy: Float32Array, x: Float32Array, dx: Float32Array, activation: number): void;
  layerNormGradient(
    dy: Float32Array,
    x: Float32Array,
    scale: Float32Array,
    dx: Float32Array,
    dScale: Float32Array,
    dBias: Float32Array,
    epsilon: number,
  ): void;
  /** Fills dMask if it is there, else dq, dk and dv, which lie as q, k and v do. */
  attentionGradient(
    q: Float32Array,
    k: Float32Array,
    v: Float32Array,
    mask: Float32Array | null,
    dOutput: Float32Array,
    dWeights: Float32Array | null,
    dq: Float32Array | null,
    dk: Float32Array | null,
    dv: Float32Array | null,
    dMask: Float32Array | null,
    /** As of `attention`. */
    sizes: Int32Array,
    scale: number,
  ): void;
  /** Over the middle axis, times a factor. */
  reduceSum(
    x: Float32Array,
    out: Float32Array,
    /** outer, R, inner */
    sizes: Int32Array,
    factor: number,
  ): void;
  stridedCopy(
    x: Float32Array,
    xOffset: number,
    out: Float32Array,
    outOffset: number,
    /** The shape, then the strides in x, then those in out. */
    layout: Int32Array,
  ): void;
  /** One step of AdamW; all but the gradient is changed. */
  adamW(
    values: Float32Array,
    gradient: Float32Array,
    first: Float32Array,
    second: Float32Array,
    /** beta1, 1 − beta1, beta2, 1 − beta2, epsilon, gradientScale, kept, stepSize, deviationScale */
    factors: Float32Array,
  ): void;
  /** average ← average + share · (values − average). */
  moveAverage(average: Float32Array, values: Float32Array, share: number): void;
  /** Taps as image/taps.ts makes them, of the rows of x and then of its columns. */
  resample(
    x: Uint8Array,
    width: number,
    out: Uint8Array,
    horizontalFirst: Int32Array,
    horizontalCount: Int32Array,
    horizontalWeights: Int32Array,
    horizontalStride: number,
    verticalFirst: Int32Array,
    verticalCount: Int32Array,
    verticalWeights: Int32Array,
    verticalStride: number,
  ): void;
}

/** `INTERFACE` of cpp/addon.cc. */
const INTERFACE = 16;

// src/ and dist/ lie beside each other, and the binary is built once, beside its sources.
const FOLDER = new URL('../../../../src/tensor/backends/native/', import.meta.url);

/** The binary that install.mjs compiled, else the one that came with the package. */
const PLACES = ['patchlens.node', `prebuilt/${process.platform}-${process.arch}/patchlens.node`];

/**
 * Loads the compiled kernels.
 *
 * @throws BackendError when there is none, or it does not load here.
 */
export function loadAddon(): Addon {
  const file = PLACES.map((place) => fileURLToPath(new URL(place, FOLDER))).find((path) => existsSync(path));
  if (file === undefined) throw unavailable(`got none${whyNotBuilt()}`);
  const loaded = required(file);
  if (!isCurrent(loaded)) throw unavailable('got one of another version');
  return loaded;
}

function required(file: string): unknown {
  try {
    return createRequire(import.meta.url)(file);
  } catch (cause) {
    const [reason = ''] = (cause instanceof Error ? cause.message : String(cause)).split('\n', 1);
    throw unavailable(`got one that does not load («${reason}»)`, cause);
  }
}

/** Whether this is our binary, and of the interface above: the one promise that its functions are those. */
function isCurrent(loaded: unknown): loaded is Addon {
  return typeof loaded === 'object' && loaded !== null && Reflect.get(loaded, 'interface') === INTERFACE;
}

function unavailable(found: string, cause?: unknown): BackendError {
  return new BackendError(
    'BACKEND_UNAVAILABLE',
    `backend native: expected its compiled kernels, ${found}. Install a C++ compiler, make and Python, then run ` +
      '«npm rebuild patchlens» (in a clone: «npm run build:native»), or use another backend.',
    { cause },
  );
}

function whyNotBuilt(): string {
  const log = fileURLToPath(new URL('build.log', FOLDER));
  return existsSync(log) ? ` (the build failed: ${log})` : '';
}
