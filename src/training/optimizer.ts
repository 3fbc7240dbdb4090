import type { AdamWFactors, UpdateKernels } from '../tensor/backends/index.ts';

export type OptimizerRecipe = SimpleOptimizer | Muon;

/** Orthogonalised momentum for the matrices between input and head, AdamW for all else (Jordan et al. 2024). */
export interface Muon {
  readonly kind: 'muon';
  readonly momentum: number;
  readonly others: AdamW;
}

export type SimpleOptimizer =
  /** Adam with decoupled weight decay (Loshchilov & Hutter 2019). */
  | AdamW
  /** Stochastic gradient descent with momentum; weight decay is added to the gradient. */
  | { readonly kind: 'sgd'; readonly momentum: number; readonly nesterov: boolean };

interface AdamW {
  readonly kind: 'adamw';
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
}

/** How one parameter is changed in one step. */
export interface Change {
  readonly learningRate: number;
  readonly weightDecay: number;
}

/** What an optimiser remembers of one parameter, zero at first: two moments of Adam, one velocity of SGD. */
export type Memory = readonly Float32Array[];

export function emptyMemory({ kind }: OptimizerRecipe, length: number): Memory {
  return Array.from({ length: kind === 'adamw' ? 2 : 1 }, () => new Float32Array(length));
}

/** values ← (1 − rate · decay) · values − rate · direction, in place. */
export function moveAgainst(
  direction: Float32Array,
  values: Float32Array,
  { learningRate, weightDecay }: Change,
): void {
  const kept = 1 - learningRate * weightDecay;
  for (let i = 0; i < values.length; i += 1) values[i] = values[i]! * kept - learningRate * direction[i]!;
}

type Step = Change & { readonly step: number; readonly gradientScale: number };

/**
 * Changes `values` and `memory` in place, as torch.optim.AdamW and torch.optim.SGD do.
 *
 * @param step of the run, from 1.
 */
export function applyGradient(
  recipe: SimpleOptimizer,
  values: Float32Array,
  gradient: Float32Array,
  memory: Memory,
  step: Step,
  kernels: Pick<UpdateKernels, 'adamW'>,
): void {
  if (recipe.kind === 'sgd') return sgd(recipe, values, gradient, memory, step);
  const [first, second] = memory;
  kernels.adamW(values, gradient, { first: first!, second: second! }, adamWFactors(recipe, step));
}

function adamWFactors(
  { beta1, beta2, epsilon }: AdamW,
  { learningRate, weightDecay, step, gradientScale }: Step,
): AdamWFactors {
  return {
    beta1,
    beta2,
    epsilon,
    gradientScale,
    kept: 1 - learningRate * weightDecay,
    stepSize: learningRate / (1 - beta1 ** step),
    deviationScale: 1 / Math.sqrt(1 - beta2 ** step),
  };
}

/** What serves where a backend has no kernels for it. */
export const plainUpdates: UpdateKernels = {
  // Gradients are float32.
  valuesOf: (tensor) => tensor.dataSync<'float32'>(),
  adamW: (values, gradient, { first, second }, factors) => {
    const { beta1, beta2, epsilon, gradientScale, kept, stepSize, deviationScale } = factors;
    for (let i = 0; i < values.length; i += 1) {
      const g = gradient[i]! * gradientScale;
      const m = beta1 * first[i]! + (1 - beta1) * g;
      const v = beta2 * second[i]! + (1 - beta2) * g * g;
      first[i] = m;
      second[i] = v;
      values[i] = values[i]! * kept - (stepSize * m) / (Math.sqrt(v) * deviationScale + epsilon);
    }
  },
  moveAverage: (average, values, decay) => {
    for (let i = 0; i < average.length; i += 1) average[i] = decay * average[i]! + (1 - decay) * values[i]!;
  },
};

function sgd(
  { momentum, nesterov }: Extract<OptimizerRecipe, { kind: 'sgd' }>,
  values: Float32Array,
  gradient: Float32Array,
  [velocity]: Memory,
  { learningRate, weightDecay, gradientScale }: Step,
): void {
  const u = velocity!;
  for (let i = 0; i < values.length; i += 1) {
    const g = gradient[i]! * gradientScale + weightDecay * values[i]!;
    const ui = momentum * u[i]! + g;
    u[i] = ui;
    values[i] = values[i]! - learningRate * (nesterov ? g + momentum * ui : ui);
  }
}

/** The Euclidean norm of all gradients together. */
export function normOf(gradients: readonly Float32Array[]): number {
  let total = 0;
  for (const gradient of gradients) {
    // Two sums, because in one each addition waits for the one before it.
    const half = gradient.length >> 1;
    let first = 0;
    let second = 0;
    for (let i = 0; i < half; i += 1) {
      first += gradient[i]! * gradient[i]!;
      second += gradient[half + i]! * gradient[half + i]!;
    }
    const last = gradient.length % 2 === 0 ? 0 : gradient.at(-1)!;
    total += first + second + last * last;
  }
  return Math.sqrt(total);
}

/** The factor that brings a norm down to `most`, as torch's clip_grad_norm_; one where it is not above. */
export function clipFactor(norm: number, most: number | undefined): number {
  return most === undefined ? 1 : Math.min(1, most / (norm + 1e-6));
}
