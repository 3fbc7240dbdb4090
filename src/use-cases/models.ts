import { stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import type { LocateOptions } from './model-info.ts';
import { parseHubId } from '../weights/hub/hub-id.ts';

/** A model that ships with the package. */
export interface EmbeddedModel {
  readonly name: string;
  /** What it is for and what to expect of it. */
  readonly description: string;
  readonly numParameters: number;
  readonly classes: readonly string[];
}

// Both src/ and dist/ lie beside models/.
const MODELS_FOLDER = new URL('../../models/', import.meta.url);

const EMBEDDED: readonly EmbeddedModel[] = [
  {
    name: 'shapes-vit',
    description:
      'a tiny Vision Transformer for drawn shapes: circle, crescent, cross, heart, ring, square, star, triangle. ' +
      'It knows nothing else: use --model for photographs.',
    numParameters: 525_800,
    classes: ['circle', 'crescent', 'cross', 'heart', 'ring', 'square', 'star', 'triangle'],
  },
  {
    name: 'cifar10-cnn',
    description:
      'a small ResNet for photographs of an airplane, automobile, bird, cat, deer, dog, frog, horse, ship or truck, ' +
      'which it sees at 32×32 pixels. It knows nothing else.',
    numParameters: 652_906,
    classes: ['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck'],
  },
];

/** The model that runs when none is asked for: a Vision Transformer. */
export const EMBEDDED_MODEL = 'shapes-vit';

/** What it is compared with. */
const EMBEDDED_CNN = 'cifar10-cnn';

/**
 * The models that are compared when none are asked for, the embedded Vision Transformer and the embedded CNN; undefined
 * unless they tell the same classes apart.
 */
export function embeddedPair(): readonly EmbeddedModel[] | undefined {
  const pair = [EMBEDDED_MODEL, EMBEDDED_CNN].map((wanted) => EMBEDDED.find(({ name }) => name === wanted)!);
  const [classes, ...others] = pair.map((model) => model.classes.join());
  return others.every((other) => other === classes) ? pair : undefined;
}

/** The models that ship with the package. */
export function listModels(): readonly EmbeddedModel[] {
  return EMBEDDED;
}

/**
 * Where a model lies on this machine: an embedded model by its name, else a path that exists, else a hub id
 * `org/name[@revision]`, which is downloaded into the hub's cache if it is not there.
 *
 * @throws ModelNotFoundError, HubError; or the signal's reason. A path that does not exist is returned as it is.
 */
export async function locateModel(
  name: string,
  options: LocateOptions = {},
): Promise<{ path: string; notice?: string }> {
  const embedded = EMBEDDED.find((model) => model.name === name);
  if (embedded !== undefined) {
    const path = fileURLToPath(new URL(`${name}/`, MODELS_FOLDER));
    return { path, notice: `${name} is ${embedded.description}` };
  }
  const isPath = await stat(name).then(
    () => true,
    () => false,
  );
  if (isPath || parseHubId(name) === undefined) return { path: name };
  const { snapshotOf } = await import('../weights/hub/snapshot.ts');
  return { path: await snapshotOf(name, options) };
}
