import { ArgumentError } from '../../errors.ts';
import type { CollectOptions } from '../evaluate/collect.ts';
import { PERTURBATION_KINDS } from '../../image/perturb.ts';
import type { PerturbationKind } from '../../image/perturb.ts';
import { checkWhole } from '../whole-number.ts';

export interface CompareOptions extends CollectOptions {
  /** How often each model is timed; default 20, and 0 measures no speed. */
  readonly rounds?: number | undefined;
  /** Whether memory is measured, in a process for each model; default true. */
  readonly memory?: boolean | undefined;
  /** What images are made harder by; default nothing. */
  readonly robustness?: readonly PerturbationKind[] | undefined;
  /** Images that alignment and robustness are measured on, drawn at random; default 64, and 0 measures neither. */
  readonly sample?: number | undefined;
  /** Of everything that is drawn at random; default 0. */
  readonly seed?: number | undefined;
}

/** What a caller leaves out is settled. */
export interface Settings extends CompareOptions {
  readonly rounds: number;
  readonly memory: boolean;
  readonly robustness: readonly PerturbationKind[];
  readonly sample: number;
  readonly seed: number;
}

/** @throws ArgumentError for no model, numbers outside their range or an unknown perturbation. */
export function settingsOf(models: readonly string[], options: CompareOptions): Settings {
  const { rounds = 20, memory = true, robustness = [], sample = 64, seed = 0 } = options;
  if (models.length === 0) throw new ArgumentError('compare: expected at least one model, got none');
  for (const [name, value] of Object.entries({ rounds, sample, seed })) checkWhole(name, value, { least: 0 });
  const unknown = robustness.find((kind) => !PERTURBATION_KINDS.includes(kind));
  if (unknown !== undefined) {
    throw new ArgumentError(`robustness: expected some of ${PERTURBATION_KINDS.join(', ')}, got ${unknown}`);
  }
  return { ...options, rounds, memory, robustness, sample, seed };
}
