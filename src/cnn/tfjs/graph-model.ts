import type { Tensor } from '@tensorflow/tfjs-core';
import { loadGraphModelSync } from '@tensorflow/tfjs-converter';

import { dispose, util } from '../../tensor/tfjs.ts';
import { ConfigError, WeightsError } from '../../errors.ts';
import type { Topology } from '../../weights/tfjs/model-json.ts';
import type { TfjsWeights } from '../../weights/tfjs/weights.ts';
import { manifestOf } from './manifest.ts';
import type { TfjsModel } from './model.ts';
import { oneLine } from './one-line.ts';

/** A graph of TensorFlow operations as its file has it. */
export interface GraphSource {
  /** The model, for messages. */
  readonly where: string;
  readonly name: string;
  readonly topology: Topology;
  readonly signature: Topology | undefined;
  readonly numNodes: number;
  readonly weights: TfjsWeights;
  /** The operation that makes an output. */
  readonly lastOperation: (output: string) => string | undefined;
}

/**
 * Puts a graph and its weights on the current backend.
 *
 * @throws ConfigError for a graph of other than one input and one output, WeightsError for one that does not hold together.
 */
export function loadGraphModel(source: GraphSource): TfjsModel {
  const model = opened(source);
  try {
    return loadedModel(source, model);
  } catch (error) {
    model.dispose();
    throw error;
  }
}

type GraphModel = ReturnType<typeof loadGraphModelSync>;

function opened({ where, topology, signature, weights }: GraphSource): GraphModel {
  try {
    return loadGraphModelSync({
      format: 'graph-model',
      modelTopology: topology,
      weightSpecs: manifestOf(weights.specs),
      weightData: weights.bytes,
      ...(signature && { signature }),
    });
  } catch (error) {
    throw new WeightsError(`${where}: expected a TensorFlow graph: ${oneLine(error)}`, { cause: error });
  }
}

function loadedModel({ where, name, numNodes, weights, lastOperation }: GraphSource, model: GraphModel): TfjsModel {
  const [input, ...otherInputs] = model.inputs;
  const [output, ...otherOutputs] = model.outputs;
  if (input === undefined || output === undefined || otherInputs.length + otherOutputs.length > 0) {
    const got = `${model.inputs.length} and ${model.outputs.length}`;
    throw new ConfigError(`${where}: expected a graph of one input and one output, got ${got}`);
  }
  const last = lastOperation(output.name);
  if (last === 'Sigmoid') {
    throw new ConfigError(`${where}: expected classes of which one is true, got a sigmoid for each`);
  }
  const floats = weights.specs.filter(({ dtype }) => dtype === 'float32');
  return {
    name,
    numSteps: numNodes,
    numParameters: floats.reduce((sum, { shape }) => sum + util.sizeFromShape(shape), 0),
    inputShape: (input.shape ?? []).map((side) => (side >= 0 ? side : null)),
    endsInSoftmax: last === 'Softmax',
    rescales: false,
    run: (images) => oneTensor(where, model.execute({ [input.name]: images }, output.name)),
    [Symbol.dispose]: () => model.dispose(),
  };
}

function oneTensor(where: string, output: Tensor | Tensor[]): Tensor {
  if (!Array.isArray(output)) return output;
  dispose(output);
  throw new ConfigError(`${where}: expected one output, got ${output.length}`);
}
