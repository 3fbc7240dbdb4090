import { isDeepStrictEqual } from 'node:util';

import { filesOf } from './files.ts';
import { resNetForTimm } from './resnet.ts';
import { ArgumentError, WeightsError } from '../../errors.ts';
import { locateModel } from '../models.ts';
import type { LocateOptions } from '../model-info.ts';
import { paramShapes } from '../../vit/params.ts';
import { positionsAt } from '../../vit/positions.ts';
import type { PositionEncoding, ViTConfig } from '../../weights/architecture.ts';
import { checkTensors, parametersOf } from '../../weights/assemble.ts';
import { readCheckpoint } from '../../weights/checkpoint.ts';
import type { Checkpoint } from '../../weights/checkpoint.ts';
import type { ResNetConfig } from '../../weights/cnn-architecture.ts';
import { describe } from '../../weights/describe.ts';
import { MODEL_NAMES } from '../../weights/family.ts';
import type { Description, ModelNames } from '../../weights/family.ts';
import type { ViTWeights } from '../../weights/vit-weights.ts';
import type { Size } from '../../weights/preprocessing.ts';
import { differences } from '../../weights/targets/differences.ts';
import { huggingFaceTarget } from '../../weights/targets/huggingface.ts';
import type { Target } from '../../weights/targets/target.ts';
import { timmTarget } from '../../weights/targets/timm.ts';
import { checkFolder, writeFolder } from '../../weights/write-folder.ts';
import { checkpointOf, writeModel } from '../../weights/write-model.ts';
import type { ModelFiles } from '../../weights/write-model.ts';
import type { WrittenDtype } from '../../weights/write-safetensors.ts';

export interface ConvertOptions extends LocateOptions {
  /** The folder to write; new or empty, unless `force`. */
  readonly output: string;
  /** Default: those of the checkpoint's own library, else timm's. */
  readonly names?: ModelNames | undefined;
  /** Default `float32`. */
  readonly dtype?: WrittenDtype | undefined;
  /** Replaces the files of these names in a folder that is not empty. */
  readonly force?: boolean | undefined;
}

export interface Conversion {
  readonly output: string;
  readonly names: ModelNames;
  readonly dtype: WrittenDtype;
  /** What the library will do otherwise than the checkpoint asks for, in sentences. */
  readonly warnings: readonly string[];
}

const TARGETS: Readonly<Record<ModelNames, Target>> = { huggingface: huggingFaceTarget, timm: timmTarget };

/**
 * Writes any checkpoint that patchlens reads as a folder that timm or transformers loads, with the same answers.
 *
 * @throws ArgumentError when the library has no class for the network or the folder is taken; what `loadModel` throws for the
 * checkpoint; or the signal's reason. Nothing is written then.
 */
export async function convertModel(model: string, options: ConvertOptions): Promise<Conversion> {
  const { output, dtype = 'float32', signal } = options;
  // Before a download that may take minutes.
  await checkFolder(output, options);
  const { path } = await locateModel(model, options);
  const checkpoint = await readCheckpoint(path);
  signal?.throwIfAborted();
  const { family, description: described } = describe(checkpoint);
  if (described.config.kind === 'resnet') {
    return convertResNet(checkpoint, { ...described, config: described.config }, options);
  }
  const description = onlyViT(described, `model ${path}`);
  checkTensors(checkpoint, description, paramShapes(description.config));
  const names = namesFor(description, options.names, family.names);
  const { imageSize } = description;
  const network = { config: description.config, parameter: parametersOf(checkpoint, description) };
  const published = TARGETS[names].publish(network, {
    timmArchitecture: family.names === 'timm' ? description.architecture : undefined,
    imageSize,
    labels: description.labels,
    preprocessing: description.preprocessingAt(imageSize),
    dtype,
    atImageSize: (given) => resized(given, imageSize),
  });
  const files = filesOf(published);
  const warnings = readBack(files, published.network.config, description, names);
  await writeFolder(output, (folder) => writeModel(folder, files, { dtype, signal }), options);
  return { output, names, dtype, warnings };
}

async function convertResNet(
  checkpoint: Checkpoint,
  description: Description<ResNetConfig>,
  options: ConvertOptions,
): Promise<Conversion> {
  const { output, names = 'timm', dtype = 'float32', signal } = options;
  if (names !== 'timm') {
    throw new ArgumentError(
      `names ${names}: expected timm for ${description.architecture}, whose names alone ResNets are written with`,
    );
  }
  const model = resNetForTimm(checkpoint, description);
  await writeFolder(output, (folder) => writeModel(folder, model, { dtype, signal }), options);
  return { output, names, dtype, warnings: model.warnings };
}

/** @throws ArgumentError for another architecture, whose tensors patchlens does not write. */
function onlyViT(description: Description, where: string): Description<ViTConfig> {
  const { config, architecture } = description;
  if (config.kind === 'vit') return { ...description, config };
  throw new ArgumentError(
    `${where}: expected a Vision Transformer or a ResNet, which alone can be converted, got ${architecture}`,
  );
}

function namesFor(
  { architecture, config, imageSize }: Description<ViTConfig>,
  asked: ModelNames | undefined,
  own: ModelNames | undefined,
): ModelNames {
  const lacks = (names: ModelNames): readonly string[] => TARGETS[names].lacking({ ...config, imageSize });
  const able = MODEL_NAMES.filter((names) => lacks(names).length === 0);
  const names = asked ?? own ?? (able.includes('timm') ? 'timm' : able[0]) ?? 'timm';
  if (able.includes(names)) return names;
  const [other] = able;
  const remedy = other === undefined ? 'No library that patchlens writes for has it.' : `Write it with ${other} names.`;
  throw new ArgumentError(
    `names ${names}: expected an architecture that ${TARGETS[names].library} has, ` +
      `got ${architecture} with ${lacks(names).join(', ')}. ${remedy}`,
  );
}

function resized({ config, parameter }: ViTWeights, imageSize: Size): ViTWeights {
  const at: ViTConfig = { ...config, imageSize };
  return {
    config: at,
    parameter: (name) => (name === 'positions' ? positionsAt(parameter(name), config, at) : parameter(name)),
  };
}

/** Reads the files before they are written, so that whatever the library takes otherwise is found and said. */
function readBack(
  files: ModelFiles,
  published: ViTConfig,
  wanted: Description<ViTConfig>,
  names: ModelNames,
): string[] {
  const where = `the ${names} checkpoint of ${wanted.architecture}`;
  const description = onlyViT(describe(checkpointOf(where, files)).description, where);
  const { imageSize } = wanted;
  const { epsilon, positions } = description.config;
  const written = { ...published, epsilon, positions: withResampleOf(positions, published.positions) };
  if (!isDeepStrictEqual(description.config, written) || !isDeepStrictEqual(description.imageSize, imageSize)) {
    const [expected, got] = [written, description.config].map((form) => JSON.stringify(form));
    throw new WeightsError(`${where}: expected to be read as ${expected}, got ${got}`);
  }
  return differences(
    { config: wanted.config, preprocessing: wanted.preprocessingAt(imageSize) },
    { config: description.config, preprocessing: description.preprocessingAt(imageSize) },
    TARGETS[names].library,
  );
}

/** How positions are resampled is the library's to say. */
function withResampleOf(read: PositionEncoding, written: PositionEncoding): PositionEncoding {
  if (read.kind !== 'learned' || written.kind !== 'learned') return written;
  return { ...written, resample: read.resample };
}
