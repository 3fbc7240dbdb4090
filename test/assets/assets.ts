import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Real weights and photographs, beside the repository where a machine has them; the project ships none. */
export const ASSETS = fileURLToPath(new URL('../../../shared/assets/', import.meta.url));
export const HAS_ASSETS = existsSync(`${ASSETS}photos/expected.json`);

interface ExpectedModel {
  readonly top5: readonly { readonly index: number; readonly label: string; readonly probability: number }[];
  readonly logits_first8: readonly number[];
  readonly logits_l2: number;
}

/** What the reference libraries answer, by photograph and model. */
export function expectedAnswers(): Readonly<Record<string, Readonly<Record<string, ExpectedModel>>>> {
  return JSON.parse(readFileSync(`${ASSETS}photos/expected.json`, 'utf8'));
}
