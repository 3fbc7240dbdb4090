export type Matrix = readonly (readonly number[])[];

/** Self-attention with every number on the way. Vectors are rows, so that q = a·Wq. */
export interface Explanation {
  readonly title: string;
  /** Who asks, one name for each row of the scores. */
  readonly queryTokens: readonly string[];
  /** Who is asked, one name for each column of the scores. */
  readonly keyTokens: readonly string[];
  /** What queries, keys and values are made from; absent where that is a whole network. */
  readonly input?: ExplainedInput | undefined;
  /** Factor of the scores, 1/√d for heads of width d. */
  readonly scale: number;
  /** Who may attend to whom; everybody to everybody when absent. */
  readonly mask?: readonly (readonly boolean[])[] | undefined;
  readonly heads: readonly ExplainedHead[];
  /** The heads' outputs side by side, a row for each query. */
  readonly outputs: Matrix;
  /** How the matrices came about, where they were learned. */
  readonly training?: ExplainedTraining | undefined;
}

interface ExplainedInput {
  readonly vectors: Matrix;
  readonly wq: Matrix;
  readonly wk: Matrix;
  readonly wv: Matrix;
}

export interface ExplainedHead {
  readonly queries: Matrix;
  readonly keys: Matrix;
  readonly values: Matrix;
  /** q·k, a row for each query. */
  readonly scores: Matrix;
  /** Before the mask. */
  readonly scaledScores: Matrix;
  /** The softmax of each row; exactly zero where the mask hides a key. */
  readonly weights: Matrix;
  readonly outputs: Matrix;
}

export interface ExplainedTraining {
  /** The weight that is watched: from one token to another. */
  readonly from: string;
  readonly to: string;
  readonly snapshots: readonly TrainingSnapshot[];
}

export interface TrainingSnapshot {
  readonly step: number;
  /** Mean cross-entropy in nats. */
  readonly loss: number;
  /** Of the watched pair. */
  readonly weight: number;
  /** Of every pair, as in `ExplainedHead`. */
  readonly weights: Matrix;
}

/** One matrix of an explanation and what is to be said of it. */
export interface Step {
  readonly name: string;
  readonly formula: string;
  readonly rows: readonly string[];
  /** Absent where columns have no names. */
  readonly columns?: readonly string[] | undefined;
  readonly values: Matrix;
  readonly mask?: Explanation['mask'];
}

/** What is shown of an explanation, in order; the keys are only those that `shown` lists. */
export function stepsOf(explanation: Explanation, shown: readonly number[]): Step[] {
  const { input, queryTokens, heads, outputs } = explanation;
  const given: Step[] = input === undefined ? [] : inputSteps(queryTokens, input);
  const several = heads.length > 1;
  const perHead = heads.flatMap((head, i) => headSteps(explanation, head, shown, several ? `head ${i + 1}: ` : ''));
  const joined: Step = { name: 'outputs', formula: 'the heads side by side', rows: queryTokens, values: outputs };
  return [...given, ...perHead, ...(several ? [joined] : [])];
}

function unnamed(matrix: Matrix): string[] {
  return matrix.map(() => '');
}

/** The keys that the first query of the first head attends to most, at most `count`, in their own order. */
export function strongestKeys({ heads, keyTokens }: Explanation, count: number): number[] {
  const weights = heads[0]?.weights[0] ?? [];
  const ranked = [...keyTokens.keys()].toSorted((a, b) => (weights[b] ?? 0) - (weights[a] ?? 0));
  return ranked.slice(0, count).toSorted((a, b) => a - b);
}

function inputSteps(rows: readonly string[], { vectors, wq, wk, wv }: ExplainedInput): Step[] {
  return [
    { name: 'vectors', formula: 'a, one row each', rows, values: vectors },
    { name: 'Wq', formula: 'makes queries', rows: unnamed(wq), values: wq },
    { name: 'Wk', formula: 'makes keys', rows: unnamed(wk), values: wk },
    { name: 'Wv', formula: 'makes values', rows: unnamed(wv), values: wv },
  ];
}

function headSteps(explanation: Explanation, head: ExplainedHead, shown: readonly number[], prefix: string): Step[] {
  const { queryTokens: queries, keyTokens, mask, scale, input } = explanation;
  const keys = shown.map((key) => keyTokens[key] ?? '');
  const rowsShown = (matrix: Matrix): Matrix => shown.map((key) => matrix[key] ?? []);
  const columnsShown = (matrix: Matrix): Matrix => matrix.map((row) => shown.map((key) => row[key] ?? 0));
  const made = (name: string, matrix: string): string => (input === undefined ? name : `${name} = a·${matrix}`);
  const maskShown = mask?.map((row) => shown.map((key) => row[key] ?? true));
  const pairs = { rows: queries, columns: keys };
  const steps: Step[] = [
    { name: 'queries', formula: made('q', 'Wq'), rows: queries, values: head.queries },
    { name: 'keys', formula: made('k', 'Wk'), rows: keys, values: rowsShown(head.keys) },
    { name: 'values', formula: made('v', 'Wv'), rows: keys, values: rowsShown(head.values) },
    { name: 'scores', formula: 'q·k', ...pairs, values: columnsShown(head.scores) },
    {
      name: 'scaled scores',
      formula: `q·k times ${scale.toFixed(4)}`,
      ...pairs,
      values: columnsShown(head.scaledScores),
      mask: maskShown,
    },
    { name: 'weights', formula: 'softmax of each row', ...pairs, values: columnsShown(head.weights) },
    { name: 'weighted sums', formula: 'b = sum of weight times v', rows: queries, values: head.outputs },
  ];
  return steps.map((step) => Object.assign(step, { name: `${prefix}${step.name}` }));
}
