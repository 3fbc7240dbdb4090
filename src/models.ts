import { fileURLToPath } from 'node:url';

/** A model that ships with the package. */
export interface EmbeddedModel {
  readonly name: string;
  /** What it is for and what to expect of it. */
  readonly description: string;
  readonly numParameters: number;
  readonly classes: readonly string[];
}

// Both src/ and dist/ lie beside models/.
const MODELS_FOLDER = new URL('../models/', import.meta.url);

const EMBEDDED: readonly EmbeddedModel[] = [
  {
    name: 'shapes-vit',
    description:
      'a tiny Vision Transformer for drawn shapes: circle, crescent, cross, heart, ring, square, star, triangle. ' +
      'It knows nothing else: use --model for photographs.',
    numParameters: 525_800,
    classes: ['circle', 'crescent', 'cross', 'heart', 'ring', 'square', 'star', 'triangle'],
  },
];

/** The model that runs when none is asked for. */
export const EMBEDDED_MODEL = 'shapes-vit';

/** The models that ship with the package. */
export function listModels(): readonly EmbeddedModel[] {
  return EMBEDDED;
}

/** The folder of an embedded model, or the path itself; with what the user should know of an embedded one. */
export function resolveModel(name: string): { path: string; notice?: string } {
  const embedded = EMBEDDED.find((model) => model.name === name);
  if (embedded === undefined) return { path: name };
  return {
    path: fileURLToPath(new URL(`${name}/`, MODELS_FOLDER)),
    notice: `${name} is ${embedded.description}`,
  };
}
