export { compare } from '../use-cases/compare/compare.ts';
export type { CompareOptions } from '../use-cases/compare/settings.ts';
export { renderComparison } from '../use-cases/compare/page.ts';
export type { ComparisonPageOptions } from '../use-cases/compare/page.ts';
export { PERTURBATION_KINDS } from '../image/perturb.ts';
export type { PerturbationKind } from '../image/perturb.ts';
export { summariseComparison } from '../report/comparison-summary.ts';
export type { ComparisonSummary } from '../report/comparison-summary.ts';
export type { Comparison } from '../report/comparison.ts';
