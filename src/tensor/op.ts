import type { NamedAttrMap, NamedTensorMap, Tensor } from '@tensorflow/tfjs-core';

import { engine, getKernel, registerGradient, registerKernel, tidy } from './tfjs.ts';

/**
 * One of our operations as a tfjs kernel. Inputs are an ordered list, optional ones last and simply absent, because the
 * engine then saves exactly the inputs that there are for the gradient.
 */
export interface Op<Attrs extends object> {
  /** The kernel's name in the tfjs registry. */
  readonly name: string;
  /** The same result from stock tfjs operations: what runs where a backend has no kernel of its own. */
  readonly compose: (inputs: readonly Tensor[], attrs: Attrs) => Tensor[];
  /**
   * One function per input, each giving the gradient of the loss with respect to it; `dys` are those with respect to
   * the outputs. Work that several inputs share is done before the functions are returned. An op without it is its
   * composition wherever a gradient is recorded, so that those of the stock operations serve.
   */
  readonly gradient?: (dys: readonly Tensor[], inputs: readonly Tensor[], attrs: Attrs) => (() => Tensor)[];
}

// The registries of tfjs are global and keyed by name only, so the list of what we add to them is too.
const OPS: Op<never>[] = [];
/** Backends that have a composition of every op: also of those that are defined after they were started. */
const COMPOSING = new Set<string>();

/** Registers an op's gradient with tfjs, and the op with every backend that runs compositions. */
export function defineOp<Attrs extends object>(op: Op<Attrs>): Op<Attrs> {
  OPS.push(op);
  const { gradient } = op;
  if (gradient !== undefined) {
    registerGradient({
      kernelName: op.name,
      saveAllInputs: true,
      gradFunc: (dy, saved, attrs) => {
        // tfjs hands one gradient for one output, a list for several; attrs are those that `runOp` passed.
        const dys = Array.isArray(dy) ? dy : [dy];
        return Object.fromEntries(gradient(dys, saved, attrs as unknown as Attrs).entries());
      },
    });
  }
  for (const backendName of COMPOSING) registerComposition(op, backendName);
  return op;
}

/**
 * Gives a backend the stock composition of every op, present and to come, for which it has registered no kernel of its
 * own: modules are loaded when they are needed, which may be after the backend.
 */
export function registerCompositions(backendName: string): void {
  COMPOSING.add(backendName);
  for (const op of OPS) registerComposition(op, backendName);
}

function registerComposition<Attrs extends object>(op: Op<Attrs>, backendName: string): void {
  if (getKernel(op.name, backendName) !== undefined) return;
  registerKernel({
    kernelName: op.name,
    backendName,
    // The engine passes the very inputs and attributes that `runOp` gave it, as tensors.
    kernelFunc: ({ inputs, attrs }) =>
      tidy(() => op.compose(Object.values(inputs) as Tensor[], attrs as unknown as Attrs)),
  });
}

/** Runs an op on the current backend; the caller owns the outputs. */
export function runOp<Attrs extends object>(op: Op<Attrs>, inputs: readonly Tensor[], attrs: Attrs): Tensor[] {
  if (op.gradient === undefined && engine().isTapeOn()) return tidy(() => op.compose(inputs, attrs));
  // The engine accepts a list wherever its types say a record (its own Concat relies on it).
  const outputs: Tensor | Tensor[] = engine().runKernel(
    op.name,
    inputs as unknown as NamedTensorMap,
    attrs as unknown as NamedAttrMap,
  );
  return Array.isArray(outputs) ? outputs : [outputs];
}
