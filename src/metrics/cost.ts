/** What one image costs a network; exact counts. */
export interface Cost {
  /** Products of convolutions, matrix products and attention, each with its addition: what the literature gives as «GFLOPs». */
  readonly multiplyAdds: number;
  /** The same with the norms, as timm counts them: 5 for each value of a layer norm, 2 for each of a batch norm. */
  readonly multiplyAddsWithNorms: number;
  /** Values that convolutions and matrix products put out, without biases or activation functions. */
  readonly activations: number;
}

/** One step of a network on one image, as far as its cost goes. */
export type CostedStep =
  | { readonly kind: 'product'; readonly outputs: number; readonly inner: number }
  | { readonly kind: 'norm'; readonly values: number; readonly perValue: number };

const PER_VALUE = { layerNorm: 5, batchNorm: 2 } as const;

/** A product whose every output value sums `inner` products: a matrix product, or a convolution. */
export function product(outputs: number, inner: number): CostedStep {
  return { kind: 'product', outputs, inner };
}

export function normOf(kind: keyof typeof PER_VALUE, values: number): CostedStep {
  return { kind: 'norm', values, perValue: PER_VALUE[kind] };
}

export function costOf(steps: readonly CostedStep[]): Cost {
  let [multiplyAdds, norms, activations] = [0, 0, 0];
  for (const step of steps) {
    if (step.kind === 'norm') norms += step.values * step.perValue;
    else {
      multiplyAdds += step.outputs * step.inner;
      activations += step.outputs;
    }
  }
  return { multiplyAdds, multiplyAddsWithNorms: multiplyAdds + norms, activations };
}
