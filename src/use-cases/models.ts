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

const CIFAR10 = ['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck'];

const EMBEDDED: readonly EmbeddedModel[] = [
  {
    name: 'cifar10-vit',
    description:
      'a small Vision Transformer for photographs of an airplane, automobile, bird, cat, deer, dog, frog, horse, ship or ' +
      'truck. It knows nothing else: use --model for more.',
    numParameters: 2_831_818,
    classes: CIFAR10,
  },
  {
    name: 'cifar10-cnn',
    description:
      'a small ResNet for photographs of an airplane, automobile, bird, cat, deer, dog, frog, horse, ship or truck, ' +
      'which it sees at 32×32 pixels. It knows nothing else.',
    numParameters: 1_357_146,
    classes: CIFAR10,
  },
];

/** The model that runs when none is asked for: a Vision Transformer. */
export const EMBEDDED_MODEL = 'cifar10-vit';

/** The models that ship with the package: a Vision Transformer and a CNN with the same classes, to be compared. */
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
