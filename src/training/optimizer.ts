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
  change: Change & { readonly step: number; readonly gradientScale: number },
): void {
  if (recipe.kind === 'adamw') adamW(recipe, values, gradient, memory, change);
  else sgd(recipe, values, gradient, memory, change);
}

type Step = Change & { readonly step: number; readonly gradientScale: number };

function adamW(
  { beta1, beta2, epsilon }: AdamW,
  values: Float32Array,
  gradient: Float32Array,
  [first, second]: Memory,
  { learningRate, weightDecay, step, gradientScale }: Step,
): void {
  const [m, v] = [first!, second!];
  const kept = 1 - learningRate * weightDecay;
  const stepSize = learningRate / (1 - beta1 ** step);
  const deviationScale = 1 / Math.sqrt(1 - beta2 ** step);
  for (let i = 0; i < values.length; i += 1) {
    const g = gradient[i]! * gradientScale;
    const mi = beta1 * m[i]! + (1 - beta1) * g;
    const vi = beta2 * v[i]! + (1 - beta2) * g * g;
    m[i] = mi;
    v[i] = vi;
    values[i] = values[i]! * kept - (stepSize * mi) / (Math.sqrt(vi) * deviationScale + epsilon);
  }
}

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
    let sum = 0;
    for (let i = 0; i < gradient.length; i += 1) sum += gradient[i]! * gradient[i]!;
    total += sum;
  }
  return Math.sqrt(total);
}

/** The factor that brings a norm down to `most`, as torch's clip_grad_norm_; one where it is not above. */
export function clipFactor(norm: number, most: number | undefined): number {
  return most === undefined ? 1 : Math.min(1, most / (norm + 1e-6));
}

/** average ← decay · average + (1 − decay) · values, in place. */
export function averageInto(average: Float32Array, values: Float32Array, decay: number): void {
  for (let i = 0; i < average.length; i += 1) average[i] = decay * average[i]! + (1 - decay) * values[i]!;
}
