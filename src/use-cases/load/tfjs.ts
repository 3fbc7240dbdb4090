import { basename, dirname, resolve } from 'node:path';

import { tensor4d } from '../../tensor/tfjs.ts';
import type { TfjsModel } from '../../cnn/tfjs/model.ts';
import { tfjsLayers, tryTfjs } from '../../cnn/tfjs/network.ts';
import { stepsOf } from './network-cost.ts';
import { ArgumentError, ConfigError } from '../../errors.ts';
import { checkedSize, pixelsOf } from './cnn.ts';
import type { Built, Opened } from './plan.ts';
import { costOf } from '../../metrics/cost.ts';
import type { Cost } from '../../metrics/cost.ts';
import type { LoadOptions } from '../model-info.ts';
import { changedPreprocessing } from '../../weights/preprocessing.ts';
import type { Preprocessing, Rgb, Size } from '../../weights/preprocessing.ts';
import { graphNodes, lastOperation } from '../../weights/tfjs/graph.ts';
import { layerClasses } from '../../weights/tfjs/keras.ts';
import { readTfjsFile } from '../../weights/tfjs/model-json.ts';
import type { TfjsFile } from '../../weights/tfjs/model-json.ts';
import { readTfjsSettings, SETTINGS_FILE } from '../../weights/tfjs/settings.ts';
import type { TfjsSettings } from '../../weights/tfjs/settings.ts';
import { readTfjsWeights } from '../../weights/tfjs/weights.ts';
import type { TfjsWeights } from '../../weights/tfjs/weights.ts';

/**
 * Reads a TensorFlow.js model, of layers or a graph.
 *
 * @param path of its `model.json`.
 * @throws WeightsError, ConfigError, ModelNotFoundError; when built also ArgumentError.
 */
export async function openTfjs(path: string, options: LoadOptions): Promise<Opened> {
  const file = await readTfjsFile(path);
  const settings = await readTfjsSettings(dirname(path));
  const weights = await readTfjsWeights(path, file);
  const build = async (): Promise<Built> => {
    const model = await modelOf(path, file, weights);
    try {
      return built(path, model, { format: file.format, settings, options });
    } catch (error) {
      model[Symbol.dispose]();
      throw error;
    }
  };
  return { build };
}

/** The readers of TensorFlow.js are loaded with the first model that needs one. */
async function modelOf(where: string, file: TfjsFile, weights: TfjsWeights): Promise<TfjsModel> {
  const { topology, signature } = file;
  if (file.format === 'layers-model') {
    const { loadLayersModel } = await import('../../cnn/tfjs/layers-model.ts');
    return loadLayersModel({ where, topology, classes: layerClasses(topology), weights });
  }
  const nodes = graphNodes(where, topology);
  const { loadGraphModel } = await import('../../cnn/tfjs/graph-model.ts');
  return loadGraphModel({
    where,
    name: basename(dirname(resolve(where))),
    topology,
    signature,
    numNodes: nodes.size,
    weights,
    lastOperation: (output) => lastOperation(nodes, output),
  });
}

interface Context {
  readonly format: TfjsFile['format'];
  readonly settings: TfjsSettings;
  readonly options: LoadOptions;
}

function built(where: string, model: TfjsModel, { format, settings, options }: Context): Built {
  const imageSize = imageSizeOf(where, model, settings, options);
  const { numClasses, cost } = tried(where, model, imageSize);
  const { labels, output = model.endsInSoftmax ? 'probabilities' : 'logits' } = settings;
  if (labels !== undefined && labels.length !== numClasses) {
    throw new ConfigError(`${where}: ${SETTINGS_FILE}: labels: expected ${numClasses}, got ${labels.length}`);
  }
  return {
    architecture: model.name,
    family: `TensorFlow.js ${format === 'layers-model' ? 'layers' : 'graph'} model`,
    labels,
    numParameters: model.numParameters,
    cost,
    config: { kind: 'tfjs', format, numSteps: model.numSteps, numChannels: 3, numClasses, output },
    preprocessing: changedPreprocessing(usualPreprocessing(model, imageSize), settings),
    assumption: assumptionOf(model, settings, options),
    network: {
      layers: tfjsLayers(model, output),
      inputOf: (images) => pixelsOf(images, imageSize),
      [Symbol.dispose]: () => model[Symbol.dispose](),
    },
  };
}

/** Runs the network once on a blank image: what it gives, and what that takes. */
function tried(where: string, model: TfjsModel, { height, width }: Size): { numClasses: number; cost: Cost } {
  const blank = tensor4d(new Float32Array(height * width * 3), [1, height, width, 3]);
  let numClasses = 0;
  try {
    const steps = stepsOf(() => (numClasses = tryTfjs(where, model, blank)));
    return { numClasses, cost: costOf(steps) };
  } finally {
    blank.dispose();
  }
}

const USUAL_SIDE = 224;

/** What the network takes, where it takes one size; else what was asked for. */
function imageSizeOf(
  where: string,
  { inputShape }: TfjsModel,
  settings: TfjsSettings,
  { imageSize: asked }: LoadOptions,
): Size {
  const [, height = null, width = null, channels = null] = inputShape;
  if (![0, 4].includes(inputShape.length) || (channels !== null && channels !== 3)) {
    const got = inputShape.map((side) => side ?? '?').join(', ');
    throw new ConfigError(`${where}: expected images [?, height, width, 3], got [${got}]`);
  }
  const wanted = checkedSize(
    asked ?? settings.imageSize ?? { height: height ?? USUAL_SIDE, width: width ?? USUAL_SIDE },
  );
  if ((height ?? wanted.height) === wanted.height && (width ?? wanted.width) === wanted.width) return wanted;
  throw new ArgumentError(
    `imageSize: expected ${height ?? 'any'}x${width ?? 'any'}, for which ${where} is made, got ${wanted.height}x${wanted.width}`,
  );
}

const HALF: Rgb = [0.5, 0.5, 0.5];
/** (x / 255 − 0) / (1 / 255) is x again. */
const AS_STORED = { mean: [0, 0, 0], std: [1 / 255, 1 / 255, 1 / 255] } as const;

/** Of Keras' and TensorFlow Hub's own image models: `tf.image.resize`, then −1 … 1, or 0 … 255 where a layer scales. */
function usualPreprocessing({ rescales }: TfjsModel, imageSize: Size): Preprocessing {
  return {
    imageSize,
    resize: { kind: 'squash', size: imageSize },
    interpolation: 'bilinear-no-antialias',
    cropRounding: 'half-even',
    ...(rescales ? AS_STORED : { mean: HALF, std: HALF }),
  };
}

function assumptionOf(
  { rescales }: TfjsModel,
  settings: TfjsSettings,
  { preprocessing }: LoadOptions,
): string | undefined {
  const isSaid = [settings, preprocessing].some((said) => said?.mean !== undefined && said.std !== undefined);
  if (isSaid) return undefined;
  return (
    'TensorFlow.js models say nothing of preprocessing: images squashed to their size by tf.image.resize, pixels from ' +
    `${rescales ? '0 to 255' : '-1 to 1'} are assumed. --resize, --crop, --interpolation, --mean and --std, or a ` +
    `${SETTINGS_FILE} beside it, say otherwise`
  );
}
