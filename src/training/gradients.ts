import type { Scalar, Tensor, Tensor2D, Tensor3D } from '@tensorflow/tfjs-core';

import { add, dispose, keep, mul, tensor, tensor2d, tidy, valueAndGrads } from '../tensor/tfjs.ts';
import { readOnce } from '../tensor/read-once.ts';
import { inPrecision } from '../tensor/precision.ts';
import type { Precision } from '../tensor/precision.ts';
import { loadStockGradients } from '../tensor/stock-gradients.ts';
import type { Batch } from './batch.ts';
import { distilledLoss, guidanceLoss, labelLoss } from './loss.ts';
import type { Distillation } from './loss.ts';
import type { Outputs, Pass, Trainable } from './trainable.ts';

/** A network whose answers another one learns from. */
export interface Teacher {
  /** Of images as the teacher takes them. */
  readonly answer: (inputs: Float32Array, batchSize: number) => TeacherAnswer;
  readonly how: Distillation;
}

interface TeacherAnswer {
  /** [B, classes] */
  readonly logits: Tensor2D;
  /** What the student's patches are to give, [B, N, C], where they are guided, and the weight of that loss. */
  readonly guidance?: { readonly targets: Tensor3D; readonly weight: number } | undefined;
}

/** By dotted name. */
export type Values = ReadonlyMap<string, Float32Array>;

export interface Gradients {
  /** Mean over the batch. */
  readonly loss: number;
  /** Images whose likeliest class is the likeliest of their targets. */
  readonly correct: number;
  /** The caller's to dispose of. */
  readonly gradients: ReadonlyMap<string, Tensor>;
  /** New values of what the pass itself changes. */
  readonly running: Values;
}

export interface GradientOptions {
  readonly pass: Pass;
  /** Of the products, forward and backward. */
  readonly precision: Precision;
  /** Takes the second inputs of the batch. */
  readonly teacher?: Teacher | undefined;
}

/**
 * Forward and backward pass of one batch. Every parameter becomes a new tensor, because a backend may keep what it has
 * made of a tensor, such as a packed matrix, for as long as the tensor lives.
 *
 * @param values trained parameters and what passes change.
 * @param trained names of the parameters to differentiate by.
 */
export async function gradientsOf(
  network: Trainable,
  values: Values,
  trained: readonly string[],
  batch: Batch,
  { pass, precision, teacher }: GradientOptions,
): Promise<Gradients> {
  await loadStockGradients();
  const tensors = tensorsOf(network, values);
  let outputs: Outputs | undefined;
  const lossOf = ({ inputs, targets, taught }: PlacedBatch, changed: readonly Tensor[]): Scalar => {
    const variables = new Map(trained.map((name, i) => [name, changed[i]!]));
    outputs = network.forward((name) => variables.get(name) ?? tensors.get(name)!, inputs, pass);
    // They outlive the pass, whose other tensors go with it.
    for (const output of lastingOf(outputs)) keep(output);
    return teacher === undefined || taught === undefined
      ? labelLoss(outputs, targets)
      : taughtLoss(outputs, targets, taught, teacher.how);
  };
  try {
    const { value, grads } = tidy(() => {
      const placed = placedBatch(network, batch, teacher);
      const differentiated = valueAndGrads((...changed: Tensor[]) => lossOf(placed, changed));
      return inPrecision(precision, () => differentiated(trained.map((name) => tensors.get(name)!)));
    });
    const [loss = Number.NaN] = await readOnce(value);
    const gradients = new Map(trained.map((name, i) => [name, grads[i]!]));
    const running = await readAll([...(outputs?.running ?? [])]);
    return { loss, correct: countCorrect(await readOnce(outputs!.logits), batch), gradients, running };
  } finally {
    dispose([...tensors.values(), ...(outputs === undefined ? [] : lastingOf(outputs))]);
  }
}

/** Logits of a batch, as at inference. */
export async function logitsOf(
  network: Trainable,
  values: Values,
  input: Float32Array,
  batchSize: number,
): Promise<Float32Array> {
  const tensors = tensorsOf(network, values);
  try {
    const logits = tidy(() => {
      const inputs = tensor(input, network.inputShape(batchSize));
      return network.forward((name) => tensors.get(name)!, inputs, { training: false }).logits;
    });
    return await readOnce(logits);
  } finally {
    dispose([...tensors.values()]);
  }
}

function tensorsOf({ shapes, runningShapes }: Trainable, values: Values): Map<string, Tensor> {
  const all = [...shapes, ...runningShapes];
  return new Map(all.map(([name, shape]) => [name, tensor(values.get(name)!, [...shape])]));
}

interface PlacedBatch {
  readonly inputs: Tensor;
  readonly targets: Tensor2D;
  readonly taught: TeacherAnswer | undefined;
}

function placedBatch(network: Trainable, batch: Batch, teacher: Teacher | undefined): PlacedBatch {
  const { batchSize, numClasses, inputs, targets } = batch;
  return {
    inputs: tensor(inputs[0]!, network.inputShape(batchSize)),
    targets: tensor2d(targets, [batchSize, numClasses]),
    taught: teacher?.answer(inputs[1]!, batchSize),
  };
}

function taughtLoss(
  outputs: Outputs,
  targets: Tensor2D,
  { logits, guidance }: TeacherAnswer,
  how: Distillation,
): Scalar {
  const loss = distilledLoss(outputs, targets, logits, how);
  if (guidance === undefined) return loss;
  // Its network is a guided one.
  return add(loss, mul(guidanceLoss(outputs.features!, guidance.targets), guidance.weight));
}

function lastingOf({ logits, running }: Outputs): Tensor[] {
  return [logits, ...(running?.values() ?? [])];
}

async function readAll(tensors: readonly (readonly [string, Tensor])[]): Promise<Values> {
  const read = new Map<string, Float32Array>();
  for (const [name, made] of tensors) read.set(name, await readOnce(made));
  return read;
}

/** Where logits and targets have their largest value at the same class. */
function countCorrect(logits: Float32Array, { batchSize, numClasses, targets }: Batch): number {
  let correct = 0;
  for (let i = 0; i < batchSize; i += 1) {
    const row = (values: Float32Array): number => largest(values.subarray(i * numClasses, (i + 1) * numClasses));
    if (row(logits) === row(targets)) correct += 1;
  }
  return correct;
}

function largest(row: Float32Array): number {
  let best = 0;
  for (let c = 1; c < row.length; c += 1) if (row[c]! > row[best]!) best = c;
  return best;
}
