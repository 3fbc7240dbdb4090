import { grads, tensor, tidy } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { expect } from 'vitest';

/** An input of a layer: its shape and its values, in row-major order. */
export interface Input {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

export type Matrix = readonly (readonly number[])[];

export interface Subject<Name extends string> {
  readonly inputs: Readonly<Record<Name, Input>>;
  /** The layer in plain float64 loops, written without a look at it. */
  readonly reference: (inputs: Readonly<Record<Name, Input>>) => readonly number[];
}

/** The layer under test, in float32 on the current backend. */
type Run<Name extends string> = (inputs: Readonly<Record<Name, Tensor>>) => Tensor;

/** Expects a layer's values, and its gradients with respect to every input, to be those of its reference. */
export function expectAgreement<Name extends string>({
  run,
  ...subject
}: Subject<Name> & { readonly run: Run<Name> }): void {
  agreementWith(subject)(run);
}

/** Float32 arithmetic against float64 on values of order one. */
const FORWARD = { atol: 1e-5, rtol: 1e-5 };
/** The gradient's two or three products more, against differences good to 1e-7. */
const BACKWARD = { atol: 5e-5, rtol: 5e-5 };

/** `expectAgreement` on several backends, for a reference that takes long: it is computed for the first of them. */
export function agreementWith<Name extends string>(subject: Subject<Name>): (run: Run<Name>) => void {
  const { inputs } = subject;
  const names = Object.keys(inputs) as Name[];
  let known: Expected | undefined;
  return (run) => {
    known ??= expectedOf(subject);
    const { direction } = known;
    const { values, gradients } = valuesOf(run, inputs, direction);
    expect(values, 'forward').toBeCloseToArray(known.values, FORWARD);
    for (const [i, name] of names.entries()) {
      const { directions, slopes } = known.gradients[i]!;
      const found = directions.map((along) => dot([...gradients[i]!], along));
      expect(found, `gradient of ${name}`).toBeCloseToArray(slopes, BACKWARD);
    }
  };
}

interface Expected {
  readonly values: readonly number[];
  /** What the output is multiplied by for the loss whose gradients are compared. */
  readonly direction: Float64Array;
  /** Of each input, along some directions. */
  readonly gradients: readonly { readonly directions: readonly number[][]; readonly slopes: readonly number[] }[];
}

function expectedOf<Name extends string>({ inputs, reference }: Subject<Name>): Expected {
  const values = reference(inputs);
  const direction = randomValues(values.length, 77);
  const loss = (of: Readonly<Record<Name, Input>>): number =>
    reference(of).reduce((total, value, i) => total + value * direction[i]!, 0);
  const gradients = (Object.keys(inputs) as Name[]).map((name) => {
    const directions = directionsOf(inputs[name].data.length);
    return { directions, slopes: directions.map((along) => slope(inputs, name, along, loss)) };
  });
  return { values, direction, gradients };
}

function valuesOf<Name extends string>(
  run: Run<Name>,
  inputs: Readonly<Record<Name, Input>>,
  direction: Float64Array,
): { readonly values: Float32Array; readonly gradients: readonly Float32Array[] } {
  const names = Object.keys(inputs) as Name[];
  return tidy(() => {
    const tensors = names.map((name) => tensorOf(inputs[name]));
    const named = (list: Tensor[]) =>
      Object.fromEntries(names.map((name, i) => [name, list[i]!])) as Record<Name, Tensor>;
    const y = run(named(tensors));
    const dy = tensor(Float32Array.from(direction), y.shape);
    return {
      values: y.dataSync<'float32'>(),
      gradients: grads((...list: Tensor[]) => run(named(list)))(tensors, dy).map((gradient) =>
        gradient.dataSync<'float32'>(),
      ),
    };
  });
}

const STEP = 1e-4;
const NUM_DIRECTIONS = 32;

/**
 * Unit vectors to compare a gradient along: every axis of a small input; for a larger one ±1/√n, seeded, in all of which
 * every value takes part, so that a wrong one shows without a loss computed for each.
 */
function directionsOf(size: number): number[][] {
  if (size <= 2 * NUM_DIRECTIONS) return Array.from({ length: size }, (_, i) => axis(size, i));
  return Array.from({ length: NUM_DIRECTIONS }, (_, i) =>
    Array.from(randomValues(size, 1000 + i), (value) => Math.sign(value) / Math.sqrt(size)),
  );
}

function axis(size: number, index: number): number[] {
  return Array.from({ length: size }, (_, i) => (i === index ? 1 : 0));
}

/** Central difference of a loss in float64, along one direction of one input. */
function slope<Name extends string>(
  inputs: Readonly<Record<Name, Input>>,
  name: Name,
  along: readonly number[],
  loss: (of: Readonly<Record<Name, Input>>) => number,
): number {
  const { shape, data } = inputs[name];
  const moved = (by: number): number =>
    loss({ ...inputs, [name]: { shape, data: data.map((value, i) => value + by * along[i]!) } });
  return (moved(STEP) - moved(-STEP)) / (2 * STEP);
}

/** Evenly spread values in −scale…scale, the same for the same seed. */
export function randomInput(shape: readonly number[], seed: number, scale = 1): Input {
  const size = shape.reduce((product, length) => product * length, 1);
  return { shape, data: randomValues(size, seed).map((value) => value * scale) };
}

function randomValues(size: number, seed: number): Float64Array {
  // Numerical Recipes' linear congruential generator; its first numbers depend too much on the seed to be used.
  let state = seed * 7919 + 17;
  const next = (): number => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 31 - 1;
  for (let i = 0; i < 8; i += 1) next();
  return Float64Array.from({ length: size }, next);
}

/** On the current backend, in float32; the caller says its rank. */
export function tensorOf<T extends Tensor>({ shape, data }: Input): T {
  return tensor(Float32Array.from(data), [...shape]) as T;
}

/** The rows of one sequence's head: [B, N, H·Dh] → Dh columns each. */
export function headOf({ shape, data }: Input, batch: number, head: number, numHeads: number): Matrix {
  const [, N = 0, D = 0] = shape;
  const width = D / numHeads;
  return Array.from({ length: N }, (_, n) => {
    const start = (batch * N + n) * D + head * width;
    return [...data.subarray(start, start + width)];
  });
}

/** Puts the heads' outputs side by side and the sequences one after the other, as [B, N, H·Dh] is stored. */
export function heads(numSequences: number, numHeads: number, of: (batch: number, head: number) => Matrix): number[] {
  return Array.from({ length: numSequences }, (_, batch) => {
    const parts = Array.from({ length: numHeads }, (_head, head) => of(batch, head));
    return parts[0]!.flatMap((_row, n) => parts.flatMap((part) => part[n]!));
  }).flat();
}

export function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((total, value, i) => total + value * b[i]!, 0);
}

/** Σⱼ weights[j]·rows[j] */
export function weighted(weights: readonly number[], rows: Matrix): number[] {
  return rows[0]!.map((_, column) => rows.reduce((total, row, j) => total + weights[j]! * row[column]!, 0));
}

export function softmaxOf(scores: readonly number[]): number[] {
  const largest = Math.max(...scores);
  const exponentials = scores.map((score) => Math.exp(score - largest));
  const total = exponentials.reduce((all, value) => all + value, 0);
  return exponentials.map((value) => value / total);
}

/** x·W (+ b) for a row. */
export function rowTimes(x: readonly number[], { shape, data }: Input, bias?: Input): number[] {
  const [, columns = 0] = shape;
  return Array.from({ length: columns }, (_, column) =>
    x.reduce((total, value, row) => total + value * data[row * columns + column]!, bias?.data[column] ?? 0),
  );
}

/** Attention of one head by any score, over the keys that are visible. */
export function attend(
  [queries, keys, values]: readonly [Matrix, Matrix, Matrix],
  score: (query: readonly number[], key: readonly number[], i: number, j: number) => number,
  isVisible: (query: number, key: number) => boolean = () => true,
): Matrix {
  return queries.map((query, i) => {
    const seen = [...keys.keys()].filter((j) => isVisible(i, j));
    const weights = softmaxOf(seen.map((j) => score(query, keys[j]!, i, j)));
    return weighted(
      weights,
      seen.map((j) => values[j]!),
    );
  });
}
