export { evaluate } from '../use-cases/evaluate/evaluate.ts';
export type { Evaluation, EvaluationRun } from '../use-cases/evaluate/evaluate.ts';
export type { CollectOptions as EvaluateOptions, ImageProgress } from '../use-cases/evaluate/collect.ts';
