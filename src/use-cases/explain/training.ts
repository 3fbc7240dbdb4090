import type { Tensor, Tensor3D } from '@tensorflow/tfjs-core';

import {
  dispose,
  grads,
  mul,
  softmax,
  sub,
  sum,
  tensor,
  tensor2d,
  tensor3d,
  tidy,
  transpose,
} from '../../tensor/tfjs.ts';
import { explain } from './explain.ts';
import type { ExplainOptions } from './explain.ts';
import type { Explanation, Matrix, TrainingSnapshot } from '../../report/explanation.ts';
import { useBackend } from '../../tensor/backends/index.ts';
import { attentionWithWeights } from '../../tensor/ops/attention.ts';
import { linear } from '../../tensor/ops/linear.ts';

export interface ExplainTrainingOptions extends ExplainOptions {
  /** Of the matrices and the word vectors at the start; default 1. */
  readonly seed?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

const ANIMALS = ['cat', 'dog', 'bird'];
const PLACES = ['mat', 'rug', 'branch'];
const VOCABULARY = ['the', 'sat', 'on', ...ANIMALS, ...PLACES];
const SENTENCES = ANIMALS.flatMap((animal) => PLACES.map((place) => ['the', animal, 'sat', 'on', 'the', place]));
const FROM = 1;
const TO = 5;
const WIDTH = 8;
/** Small, so that every weight starts near one sixth. */
const START_SCALE = 0.3;
const STEPS = [0, 30, 300] as const;

/**
 * Teaches one head of self-attention where each animal of a sentence sits: from the animal's output, by its product with
 * the word vectors, to the place. Wq, Wk and Wv start random and are all that cross-entropy and Adam change. Explains «the
 * cat sat on the mat» as it is in the end, with the weight of cat → mat before, during and after.
 */
export async function explainTraining(options: ExplainTrainingOptions = {}): Promise<Explanation> {
  const { seed = 1, backend = 'auto', signal } = options;
  const random = normalNumbers(seed);
  const embedding = new Map(VOCABULARY.map((word) => [word, Array.from({ length: WIDTH }, () => random())]));
  const weights = ['wq', 'wk', 'wv'].map(() =>
    Float32Array.from({ length: WIDTH * WIDTH }, () => (START_SCALE * random()) / Math.sqrt(WIDTH)),
  );
  const lease = await useBackend(backend);
  try {
    const snapshots = await train(embedding, weights, signal);
    const [wq = [], wk = [], wv = []] = weights.map(rowsOf);
    const tokens = ['the', 'cat', 'sat', 'on', 'the', 'mat'];
    const vectors = tokens.map((word) => embedding.get(word) ?? []);
    const title = options.title ?? 'Self-attention learns where the cat sat';
    const explained = await explain({ tokens, vectors, wq, wk, wv }, { backend: lease.name, title });
    return { ...explained, training: { from: 'cat', to: 'mat', snapshots } };
  } finally {
    lease.release();
  }
}

type Embedding = ReadonlyMap<string, readonly number[]>;

/** Changes `weights` in place. */
async function train(
  embedding: Embedding,
  weights: readonly Float32Array[],
  signal: AbortSignal | undefined,
): Promise<TrainingSnapshot[]> {
  const vectorsOf = (words: readonly string[]): number[][] => words.map((word) => [...(embedding.get(word) ?? [])]);
  const task: Task = {
    x: tensor3d(SENTENCES.map(vectorsOf)),
    words: tidy(() => transpose(tensor2d(vectorsOf(VOCABULARY)))),
    targets: tensor3d(
      SENTENCES.map((sentence) => sentence.map((_, i) => oneHot(i === FROM ? sentence[TO] : undefined))),
    ),
    isAsked: tensor3d([SENTENCES[0]!.map((_, i) => [Number(i === FROM)])]),
  };
  const update = adam(weights);
  const snapshots: TrainingSnapshot[] = [];
  try {
    for (let step = 0; step <= STEPS[2]; step += 1) {
      signal?.throwIfAborted();
      const { loss, attention, gradients } = await evaluate(task, weights);
      if (STEPS.some((shown) => shown === step)) {
        snapshots.push({ step, loss, weight: attention[FROM]?.[TO] ?? 0, weights: attention });
      }
      // The matrices stay as the last snapshot saw them.
      if (step < STEPS[2]) update(gradients);
    }
    return snapshots;
  } finally {
    dispose([task.x, task.words, task.targets, task.isAsked]);
  }
}

interface Task {
  /** The sentences' vectors [S, N, D]. */
  readonly x: Tensor3D;
  /** The vocabulary's vectors [D, words]: an output is that of the word that it lies nearest to. */
  readonly words: Tensor;
  /** One-hot at the animals [S, N, words], zero elsewhere. */
  readonly targets: Tensor3D;
  /** 1 at the animals [1, N, 1]. */
  readonly isAsked: Tensor3D;
}

interface Evaluation {
  readonly loss: number;
  /** The weights of the first sentence [N, N]. */
  readonly attention: Matrix;
  readonly gradients: readonly Float32Array[];
}

async function evaluate({ x, words, targets, isAsked }: Task, values: readonly Float32Array[]): Promise<Evaluation> {
  const attend = ([wq, wk, wv]: readonly Tensor[]) =>
    attentionWithWeights(linear(x, wq!), linear(x, wk!), linear(x, wv!), { numHeads: 1 });
  const { picked, weights, gradients } = tidy(() => {
    const matrices = values.map((data) => tensor(data, [WIDTH, WIDTH]));
    const logitsOf = (...given: Tensor[]): Tensor => linear(attend(given).output, words);
    const probabilities = softmax(logitsOf(...matrices));
    // Of the mean cross-entropy with respect to the logits: no gradient but those of our own operations is needed.
    const dLogits = mul(mul(sub(probabilities, targets), isAsked), 1 / SENTENCES.length);
    return {
      picked: sum(mul(probabilities, targets), [1, 2]),
      weights: attend(matrices).weights,
      gradients: grads(logitsOf)(matrices, dLogits),
    };
  });
  const likelihoods = await picked.data<'float32'>();
  const [sentences, ...changes] = await Promise.all([
    weights.array(),
    ...gradients.map((gradient) => gradient.data<'float32'>()),
  ]);
  dispose([picked, weights, ...gradients]);
  const loss = -likelihoods.reduce((total, likelihood) => total + Math.log(likelihood), 0) / SENTENCES.length;
  return { loss, attention: sentences[0]?.[0] ?? [], gradients: changes };
}

function oneHot(word: string | undefined): number[] {
  return VOCABULARY.map((candidate) => Number(candidate === word));
}

const LEARNING_RATE = 0.03;
const BETA_1 = 0.9;
const BETA_2 = 0.999;
const EPSILON = 1e-8;

/** Adam (Kingma & Ba 2015, algorithm 1): the function changes the parameters by their next gradients. */
function adam(parameters: readonly Float32Array[]): (gradients: readonly Float32Array[]) => void {
  const first = parameters.map(({ length }) => new Float64Array(length));
  const second = parameters.map(({ length }) => new Float64Array(length));
  let step = 0;
  return (gradients) => {
    step += 1;
    for (const [p, values] of parameters.entries()) {
      const [m, v, gradient] = [first[p]!, second[p]!, gradients[p]!];
      for (let i = 0; i < values.length; i += 1) {
        m[i] = BETA_1 * m[i]! + (1 - BETA_1) * gradient[i]!;
        v[i] = BETA_2 * v[i]! + (1 - BETA_2) * gradient[i]! ** 2;
        const deviation = Math.sqrt(v[i]! / (1 - BETA_2 ** step)) + EPSILON;
        values[i]! -= (LEARNING_RATE * m[i]!) / (1 - BETA_1 ** step) / deviation;
      }
    }
  };
}

/** Standard normal numbers, the same for the same seed: mulberry32 and the Box–Muller transform. */
function normalNumbers(seed: number): () => number {
  let state = seed;
  const uniform = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (((mixed ^ (mixed >>> 14)) >>> 0) + 0.5) / 2 ** 32;
  };
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}

function rowsOf(values: Float32Array): Matrix {
  return Array.from({ length: WIDTH }, (_, i) => [...values.subarray(i * WIDTH, (i + 1) * WIDTH)]);
}
