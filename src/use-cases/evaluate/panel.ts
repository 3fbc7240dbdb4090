import { sameClasses } from './classes.ts';
import { loadNetwork } from '../load/load.ts';
import type { LoadedNetwork } from '../load/load.ts';
import type { LoadOptions } from '../model-info.ts';
import { probabilitiesOf } from '../probabilities.ts';

/** Several networks on one backend that tell the same classes apart. */
export interface Panel extends Disposable {
  readonly members: readonly PanelMember[];
  /** Labels of the classes, in the order of the first network; every network's answers are brought into it. */
  readonly classes: readonly string[];
}

export interface PanelMember extends LoadedNetwork {
  /** Where each class of the panel stands among the network's own; undefined where it is the same place. */
  readonly places?: readonly number[] | undefined;
}

/**
 * Loads networks to be asked the same things.
 *
 * @throws what `loadNetwork` throws; ArgumentError when they do not tell the same classes apart.
 */
export async function loadPanel(names: readonly string[], options: LoadOptions = {}): Promise<Panel> {
  const members: PanelMember[] = [];
  const dispose = (): void => {
    for (const member of members) member[Symbol.dispose]();
  };
  try {
    for (const name of names) {
      const loaded = await loadNetwork(name, options);
      // In the list before its classes are compared, so that it is disposed of whatever they are.
      const at = members.push(loaded) - 1;
      members[at] = { ...loaded, places: placesIn(members[0]!, loaded) };
    }
  } catch (error) {
    dispose();
    throw error;
  }
  return { members, classes: members[0]?.info.classes ?? [], [Symbol.dispose]: dispose };
}

function placesIn({ info: first }: LoadedNetwork, { info }: LoadedNetwork): readonly number[] | undefined {
  const places = sameClasses(first, info);
  return places.every((place, index) => place === index) ? undefined : places;
}

/** `probabilitiesOf` a member, in the order of the panel's classes. */
export async function panelProbabilities(
  member: PanelMember,
  images: readonly Float32Array[],
  signal?: AbortSignal,
): Promise<Float32Array[]> {
  const { places } = member;
  const rows = await probabilitiesOf(member, images, () => signal?.throwIfAborted());
  return places === undefined ? rows : rows.map((row) => Float32Array.from(places, (place) => row[place]!));
}
