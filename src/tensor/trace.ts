import type { Tensor } from '@tensorflow/tfjs-core';

import { engine } from './tfjs.ts';

/** A kernel that ran, with the shapes of its tensors. */
export interface TracedKernel {
  /** In the tfjs registry. */
  readonly name: string;
  /** By name; those of our own ops have none and are counted from `0`. */
  readonly inputs: Readonly<Record<string, readonly number[]>>;
  readonly attrs: Readonly<Record<string, unknown>>;
  readonly outputs: readonly (readonly number[])[];
}

/**
 * The kernels that `run` calls for. What runs inside one that is `opaque`, where a backend composes it from others, is
 * not listed, so that every backend gives the same list.
 *
 * `run` must not await: a kernel that something else ran in between would be taken for its own.
 */
export function traceKernels(run: () => void, opaque: (name: string) => boolean): TracedKernel[] {
  const tfjs = engine();
  const kernels: TracedKernel[] = [];
  const original = tfjs.runKernel.bind(tfjs);
  let hidden = 0;
  // An own property over the method of the class, so that deleting it brings the method back.
  tfjs.runKernel = (name, inputs, attrs) => {
    const isHidden = hidden > 0;
    hidden += Number(opaque(name));
    try {
      const outputs: Tensor | Tensor[] = original(name, inputs, attrs);
      const shapes = [outputs].flat().map(({ shape }) => shape);
      if (!isHidden) kernels.push({ name, inputs: shapesOf(inputs), attrs: attrs ?? {}, outputs: shapes });
      return outputs as never;
    } finally {
      hidden -= Number(opaque(name));
    }
  };
  try {
    run();
    return kernels;
  } finally {
    Reflect.deleteProperty(tfjs, 'runKernel');
  }
}

function shapesOf(inputs: object): Record<string, readonly number[]> {
  const given = Object.entries(inputs).filter(([, input]) => input !== undefined && input !== null);
  return Object.fromEntries(given.map(([name, { shape }]: [string, Tensor]) => [name, shape]));
}
