// Tiny TensorFlow.js models of every way to publish one, in test/golden/tfjs/<name>/: what make_tfjs_goldens.py answers.
//
//   node test/golden/make_tfjs_models.mjs
//
// Layers models are saved by tfjs-layers itself. A graph model is what the Python converter writes of a SavedModel; it is
// written here by hand, operation by operation, its weights quantised and cut into shards as the converter does.

import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import '@tensorflow/tfjs-backend-cpu';
import { io, tensor } from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';

const FOLDER = fileURLToPath(new URL('tfjs/', import.meta.url));
const { layers } = tfl;

/** A generator of numbers in -1 … 1 that is the same on every machine (mulberry32). */
function numbersFrom(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 31 - 1;
  };
}

/** Values under which every layer stays lively: kernels by their fan-in, variances and scales above zero. */
function values(name, shape, next) {
  const size = shape.reduce((product, side) => product * side, 1);
  const positive = /variance|gamma/.test(name);
  const fanIn = shape.length > 1 ? shape.slice(0, -1).reduce((product, side) => product * side, 1) : 16;
  const spread = /depthwise/.test(name) ? 1 : Math.sqrt(8 / fanIn);
  return Float32Array.from({ length: size }, () => (positive ? 0.75 + 0.5 * next() : spread * next()));
}

/** Residual, depthwise, padded, with a model inside it, and a softmax at its end; images of one size. */
function residualModel() {
  const image = tfl.input({ shape: [13, 11, 3], name: 'image' });
  const stem = tfl.sequential({
    name: 'stem',
    layers: [
      layers.conv2d({
        inputShape: [13, 11, 3],
        filters: 6,
        kernelSize: 3,
        strides: 2,
        padding: 'same',
        useBias: false,
        name: 'stem_conv',
      }),
      layers.batchNormalization({ epsilon: 1e-3, name: 'stem_norm' }),
      layers.reLU({ maxValue: 6, name: 'stem_relu' }),
    ],
  });
  const x = stem.apply(image);
  let branch = layers.depthwiseConv2d({ kernelSize: 3, padding: 'same', name: 'depthwise' }).apply(x);
  branch = layers.leakyReLU({ alpha: 0.25, name: 'leaky' }).apply(branch);
  branch = layers.conv2d({ filters: 6, kernelSize: 1, activation: 'tanh', name: 'project' }).apply(branch);
  let y = layers.add({ name: 'add' }).apply([x, branch]);
  y = layers.zeroPadding2d({ padding: [1, 0], name: 'pad' }).apply(y);
  y = layers.maxPooling2d({ poolSize: 2, strides: 2, name: 'pool' }).apply(y);
  y = layers.globalAveragePooling2d({ name: 'mean' }).apply(y);
  y = layers.dropout({ rate: 0.5, name: 'dropout' }).apply(y);
  y = layers.dense({ units: 5, activation: 'softmax', name: 'classes' }).apply(y);
  return tfl.model({ inputs: image, outputs: y, name: 'tiny_residual' });
}

/** A chain for images of any size that scales its pixels itself and ends with logits. */
function scalingModel() {
  return tfl.sequential({
    name: 'tiny_scaling',
    layers: [
      layers.rescaling({ inputShape: [null, null, 3], scale: 1 / 127.5, offset: -1, name: 'rescaling' }),
      layers.conv2d({ filters: 7, kernelSize: 3, strides: 2, activation: 'relu', name: 'conv' }),
      layers.averagePooling2d({ poolSize: 2, strides: 2, padding: 'same', name: 'pool' }),
      layers.separableConv2d({ filters: 5, kernelSize: 3, padding: 'same', activation: 'elu', name: 'separable' }),
      layers.globalMaxPooling2d({ name: 'max' }),
      layers.dense({ units: 3, name: 'classes' }),
    ],
  });
}

async function saveLayers(name, model, seed, settings) {
  const next = numbersFrom(seed);
  model.setWeights(
    model.weights.map((weight) => tensor(values(weight.originalName, weight.shape, next), weight.shape)),
  );
  await model.save(
    io.withSaveHandler(async ({ modelTopology, weightSpecs, weightData, format, generatedBy }) => {
      // Names without the counters that tell twins apart within this process.
      const json = { format, generatedBy, convertedBy: null, modelTopology };
      save(name, { json, weightSpecs, bytes: Buffer.from(weightData), shards: 1, settings });
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
    }),
  );
}

function save(name, { json, weightSpecs, bytes, shards, settings }) {
  const folder = `${FOLDER}${name}/`;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const length = Math.ceil(bytes.length / shards);
  const paths = Array.from({ length: shards }, (_, i) => `group1-shard${i + 1}of${shards}.bin`);
  for (const [i, path] of paths.entries()) writeFileSync(folder + path, bytes.subarray(i * length, (i + 1) * length));
  const weightsManifest = [{ paths, weights: weightSpecs }];
  writeFileSync(`${folder}model.json`, `${JSON.stringify({ ...json, weightsManifest })}\n`);
  if (settings !== undefined) writeFileSync(`${folder}patchlens.json`, `${JSON.stringify(settings, undefined, 2)}\n`);
}

const text = (value) => ({ s: Buffer.from(value).toString('base64') });
const integers = (...list) => ({ list: { i: list.map(String) } });
const FLOAT = { type: 'DT_FLOAT' };
const dims = (shape) => ({ dim: shape.map((size) => ({ size: String(size) })) });

/** A graph: convolution with folded bias, batch norm, depthwise convolution, residual sum, mean, product, softmax. */
function saveGraph(name, seed) {
  const next = numbersFrom(seed);
  const weightSpecs = [];
  const parts = [];
  const node = [];
  const operation = (op, nodeName, input, attr = {}) => {
    node.push({ name: nodeName, op, input, attr: { T: FLOAT, ...attr } });
    return nodeName;
  };
  const constant = (weightName, shape, { dtype, data, quantization }) => {
    const type = { type: dtype === 'int32' ? 'DT_INT32' : 'DT_FLOAT' };
    const value = { tensor: { dtype: type.type, tensorShape: dims(shape) } };
    node.push({ name: weightName, op: 'Const', attr: { dtype: type, value } });
    weightSpecs.push({ name: weightName, shape, dtype, ...(quantization && { quantization }) });
    parts.push(Buffer.from(data.buffer));
    return weightName;
  };
  const floats = (weightName, shape) =>
    constant(weightName, shape, { dtype: 'float32', data: values(weightName, shape, next) });

  node.push({
    name: 'image',
    op: 'Placeholder',
    attr: { dtype: FLOAT, shape: { shape: dims([-1, 12, 10, 3]) } },
  });
  const bytes = Uint8Array.from({ length: 3 * 3 * 3 * 6 }, () => Math.floor(127.5 * (next() + 1)));
  const quantization = { dtype: 'uint8', min: -1.25, scale: 0.01 };
  const kernel = constant('stem/kernel', [3, 3, 3, 6], { dtype: 'float32', data: bytes, quantization });
  const window = { data_format: text('NHWC'), dilations: integers(1, 1, 1, 1) };
  const stem = operation('_FusedConv2D', 'stem', ['image', kernel, floats('stem/bias', [6])], {
    ...window,
    strides: integers(1, 2, 2, 1),
    padding: text('SAME'),
    num_args: { i: '1' },
    fused_ops: { list: { s: [text('BiasAdd').s, text('Relu6').s] } },
    epsilon: { f: 0 },
  });
  const norms = ['gamma', 'beta', 'mean', 'variance'].map((part) => floats(`norm/${part}`, [6]));
  const normed = operation('FusedBatchNormV3', 'norm', [stem, ...norms], {
    data_format: text('NHWC'),
    epsilon: { f: 0.001 },
    is_training: { b: false },
  });
  const filtered = operation('DepthwiseConv2dNative', 'depthwise', [normed, floats('depthwise/kernel', [3, 3, 6, 1])], {
    ...window,
    strides: integers(1, 1, 1, 1),
    padding: text('SAME'),
  });
  const sum = operation('AddV2', 'sum', [normed, operation('Relu', 'relu', [filtered])]);
  const axes = constant('axes', [2], { dtype: 'int32', data: Int32Array.of(1, 2) });
  const mean = operation('Mean', 'mean', [sum, axes], { keep_dims: { b: false }, Tidx: { type: 'DT_INT32' } });
  const product = operation('MatMul', 'product', [mean, floats('classes/kernel', [6, 4])], {
    transpose_a: { b: false },
    transpose_b: { b: false },
  });
  const logits = operation('BiasAdd', 'logits', [product, floats('classes/bias', [4])], { data_format: text('NHWC') });
  operation('Identity', 'probabilities', [operation('Softmax', 'softmax', [logits])]);

  const info = (tensorName, shape) => ({ name: tensorName, dtype: 'DT_FLOAT', tensorShape: dims(shape) });
  const signature = {
    inputs: { image: info('image:0', [-1, 12, 10, 3]) },
    outputs: { probabilities: info('probabilities:0', [-1, 4]) },
  };
  const json = { format: 'graph-model', convertedBy: 'by hand', modelTopology: { node, versions: { producer: 1 } } };
  const settings = { crop: 0.75, resize: 'shorter-edge', interpolation: 'bilinear', mean: 0.5, std: [0.25, 0.5, 0.2] };
  const labels = ['ash', 'birch', 'cedar', 'dogwood'];
  save(name, {
    json: { ...json, signature },
    weightSpecs,
    bytes: Buffer.concat(parts),
    shards: 3,
    settings: { ...settings, labels },
  });
}

await saveLayers('layers-residual', residualModel(), 1);
await saveLayers('layers-scaling', scalingModel(), 2, { imageSize: { height: 19, width: 23 } });
saveGraph('graph', 3);
