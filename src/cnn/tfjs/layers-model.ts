import type { Tensor } from '@tensorflow/tfjs-core';
import { initializers, layers, LayersModel, models } from '@tensorflow/tfjs-layers';
import type { LayerVariable } from '@tensorflow/tfjs-layers';

import { dispose, io, serialization } from '../../tensor/tfjs.ts';
import { ConfigError, PatchlensError, WeightsError } from '../../errors.ts';
import { manifestOf } from './manifest.ts';
import type { TfjsModel } from './model.ts';
import { oneLine } from './one-line.ts';
import type { Topology } from '../../weights/tfjs/model-json.ts';
import type { TfjsWeights } from '../../weights/tfjs/weights.ts';

/** A Keras model as its file has it. */
export interface LayersSource {
  /** The model, for messages. */
  readonly where: string;
  readonly topology: Topology;
  /** Of all its layers. */
  readonly classes: readonly string[];
  readonly weights: TfjsWeights;
}

/**
 * Builds the layers of a Keras model and gives them their weights.
 *
 * @throws ConfigError for layers that are not TensorFlow.js's own, WeightsError where they do not fit the weights.
 */
export async function loadLayersModel({ where, topology, classes, weights }: LayersSource): Promise<TfjsModel> {
  checkLayers(where, classes);
  const model = await buildLayers(where, topology, weights.numValues);
  try {
    giveWeights(where, model, weights);
    return loadedModel(where, model);
  } catch (error) {
    model.dispose();
    throw error;
  }
}

function loadedModel(where: string, model: LayersModel): TfjsModel {
  const [input, ...otherInputs] = model.inputs;
  const [output, ...otherOutputs] = model.outputs;
  if (input === undefined || output === undefined || otherInputs.length + otherOutputs.length > 0) {
    const got = `${model.inputs.length} and ${model.outputs.length}`;
    throw new ConfigError(`${where}: expected a network of one input and one output, got ${got}`);
  }
  checkShapes(where, model);
  return {
    name: model.name,
    numSteps: model.layers.length,
    numParameters: model.weights.reduce((sum, { name, shape }) => sum + (isStatistic(name) ? 0 : sizeOf(shape)), 0),
    inputShape: input.shape,
    endsInSoftmax: endsInSoftmax(where, output.sourceLayer),
    rescales: model.layers.some((layer) => ['Rescaling', 'Normalization'].includes(layer.getClassName())),
    run: (images) => oneTensor(where, model.predictOnBatch(images)),
    [Symbol.dispose]: () => void model.dispose(),
  };
}

function oneTensor(where: string, output: Tensor | Tensor[]): Tensor {
  if (!Array.isArray(output)) return output;
  dispose(output);
  throw new ConfigError(`${where}: expected one output, got ${output.length}`);
}

/**
 * Layers are code; a file only names it. What the file names must be among the layers of TensorFlow.js: a Lambda holds
 * Python, and a layer of someone's own is not in the file at all.
 */
function checkLayers(where: string, classes: readonly string[]): void {
  const known = serialization.SerializationMap.getMap().classNameMap;
  const unknown = classes.find((name) => !Object.hasOwn(known, name));
  if (unknown === undefined) return;
  throw new ConfigError(
    `${where}: expected layers that TensorFlow.js has, got «${unknown}». Lambda and custom layers are code, and none is ` +
      'run that comes with a model: export it without them, or as a graph model.',
  );
}

/** Makes the layers with zeros for weights, and never more of them than the file has values for. */
async function buildLayers(where: string, topology: Topology, numValues: number): Promise<LayersModel> {
  const made: LayerVariable[] = [];
  let left = numValues;
  const prototype: object = layers.Layer.prototype;
  const original = layers.Layer.prototype['addWeight'];
  const addWeight: typeof original = function addBounded(this: layers.Layer, name, shape, dtype, _, ...rest) {
    left -= sizeOf(shape);
    if (!(left >= 0)) {
      throw new WeightsError(
        `${where}: expected layers of at most ${numValues} weights in all, got more at ${this.name}/${name}`,
      );
    }
    const weight = original.call(this, name, shape, dtype, initializers.zeros(), ...rest);
    made.push(weight);
    return weight;
  };
  Reflect.set(prototype, 'addWeight', addWeight);
  let building: Promise<LayersModel>;
  try {
    // Makes every layer before it first waits, so that no other model is built under this bound.
    building = models.modelFromJSON({ modelTopology: topology });
  } finally {
    Reflect.set(prototype, 'addWeight', original);
  }
  return building.catch((error: unknown) => {
    for (const weight of made) weight.dispose();
    throw asConfigError(where, error);
  });
}

function asConfigError(where: string, error: unknown): Error {
  if (error instanceof PatchlensError) return error;
  return new ConfigError(`${where}: expected the layers of a Keras model: ${oneLine(error)}`, { cause: error });
}

function giveWeights(where: string, model: LayersModel, { specs, bytes }: TfjsWeights): void {
  const decoded = io.decodeWeights(bytes, manifestOf(specs));
  try {
    const optimizers = new Set(specs.filter(({ group }) => group === 'optimizer').map(({ name }) => name));
    model.loadWeights(Object.fromEntries(Object.entries(decoded).filter(([name]) => !optimizers.has(name))));
  } catch (error) {
    throw new WeightsError(`${where}: expected the weights of its layers: ${oneLine(error)}`, { cause: error });
  } finally {
    dispose(decoded);
  }
}

/** A gibibyte of float32: what no layer of a published classifier comes near. */
const MAX_LAYER_VALUES = 2 ** 28;

/** What layers put out costs memory too, and a layer that only repeats its input needs no weights for it. */
function checkShapes(where: string, { layers: all }: LayersModel): void {
  for (const { name, inboundNodes } of all) {
    for (const shape of inboundNodes.flatMap(({ outputShapes }) => outputShapes)) {
      if (shape === null || sizeOf(shape) <= MAX_LAYER_VALUES) continue;
      throw new ConfigError(
        `${where}: layer ${name}: expected at most ${MAX_LAYER_VALUES} values for an image, got ${shape.join('x')}`,
      );
    }
  }
}

function sizeOf(shape: readonly (number | null)[]): number {
  return shape.reduce<number>((product, side) => product * (side ?? 1), 1);
}

function endsInSoftmax(where: string, last: layers.Layer): boolean {
  let layer = last;
  for (;;) {
    const [node] = layer.inboundNodes;
    const name = layer.getClassName();
    const activation = layer.getConfig()['activation'];
    if (name === 'Softmax' || activation === 'softmax') return true;
    if (activation === 'sigmoid') {
      throw new ConfigError(`${where}: expected classes of which one is true, got a sigmoid for each`);
    }
    const before = layer instanceof LayersModel ? layer.outputs[0]?.sourceLayer : node?.inboundLayers[0];
    if (before === undefined || !(PASSING.has(name) || layer instanceof LayersModel)) return false;
    layer = before;
  }
}

/** Layers that leave the values as they are. */
const PASSING = new Set(['Reshape', 'Flatten', 'Dropout']);

/** Running means and variances of batch norms, which are counted nowhere. */
function isStatistic(name: string): boolean {
  return /moving_(?:mean|variance)/.test(name);
}
