import { arch, availableParallelism, cpus } from 'node:os';
import process from 'node:process';

import { measureAlignments, measureMemories, measureRobustness, measureSpeeds, sampleOf } from './measure.ts';
import { comparePairs } from './pairs.ts';
import { settingsOf } from './settings.ts';
import type { CompareOptions } from './settings.ts';
import { packageVersion } from '../doctor.ts';
import { NoImagesError } from '../../errors.ts';
import { collect } from '../evaluate/collect.ts';
import type { Collection } from '../evaluate/collect.ts';
import { loadPanel } from '../evaluate/panel.ts';
import type { Panel } from '../evaluate/panel.ts';
import { accuracyReport, failuresOf, labelledAnswers } from '../evaluate/evaluate.ts';
import { networkCost } from '../load/network-cost.ts';
import { labelOf } from '../prediction.ts';
import { COMPARISON_VERSION } from '../../report/comparison.ts';
import type { ComparedModel, Comparison, ModelMemory, ModelSpeed } from '../../report/comparison.ts';

/**
 * Puts models beside each other on the same images: accuracy, cost, speed, memory, and for every two of them where they
 * agree, where not, and whether that says which is better. Without labels everything that needs none.
 *
 * @throws what `evaluate` throws; BackendError when the models ask for different backends.
 */
export async function compare(
  source: string,
  models: readonly string[],
  options: CompareOptions = {},
): Promise<Comparison> {
  const settings = settingsOf(models, options);
  using panel = await loadPanel(models, options);
  const collection = await collect(source, panel, options);
  const answered = collection.outcomes.filter((outcome) => outcome.status === 'ok');
  if (answered.length === 0) {
    throw new NoImagesError(
      `${source}: expected an image that can be read, got ${collection.outcomes.length} that cannot`,
    );
  }
  const sample = sampleOf(answered, settings);
  const speeds = settings.rounds > 0 ? await measureSpeeds(panel, settings) : undefined;
  const alignments = await measureAlignments(panel, sample, settings);
  const robustness = await measureRobustness(panel, sample, settings);
  const memories = settings.memory ? await measureMemories(models, settings) : undefined;
  const compared = modelsOf(panel, collection, { speeds, memories });
  return {
    version: COMPARISON_VERSION,
    patchlens: packageVersion(),
    data: {
      source,
      images: answered.length,
      labelled: answered.filter(({ label }) => label !== undefined).length,
      convention: collection.convention ?? null,
      classes: classesOf(compared, panel.classes),
      failures: failuresOf(collection),
    },
    machine: {
      processor: cpus()[0]?.model.trim() ?? arch(),
      parallelism: availableParallelism(),
      node: process.versions.node,
    },
    seed: settings.seed,
    models: compared,
    pairs: comparePairs(answered, {
      numModels: models.length,
      classes: panel.classes,
      seed: settings.seed,
      alignments,
    }),
    robustness,
  };
}

interface Measured {
  readonly speeds: readonly ModelSpeed[] | undefined;
  readonly memories: readonly (ModelMemory | null)[] | undefined;
}

function modelsOf(panel: Panel, collection: Collection, { speeds, memories }: Measured): ComparedModel[] {
  return panel.members.map((member, m) => {
    const { info } = member;
    const { name, architecture, backend, precision, threads, numParameters, preprocessing } = info;
    return {
      name,
      architecture,
      backend,
      precision,
      threads,
      imageSize: preprocessing.imageSize,
      interpolation: preprocessing.interpolation,
      parameters: numParameters,
      weightBytes: numParameters * Float32Array.BYTES_PER_ELEMENT,
      cost: networkCost(member),
      accuracy: accuracyReport(labelledAnswers(collection, m), panel.classes),
      speed: speeds?.[m] ?? null,
      memory: memories?.[m] ?? null,
    };
  });
}

/** Names of the classes that the confusion matrices have numbers of. */
function classesOf(models: readonly ComparedModel[], classes: readonly string[]): Comparison['data']['classes'] {
  const cells = models.flatMap(({ accuracy }) => accuracy?.confusion ?? []);
  const indices = new Set(cells.flatMap(({ label, predicted }) => [label, predicted]));
  return [...indices].toSorted((a, b) => a - b).map((index) => ({ index, label: labelOf(classes, index) }));
}
