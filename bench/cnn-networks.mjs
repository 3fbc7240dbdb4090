// ResNet-50 and MobileNetV2 with random weights, twice: as patchlens runs them, and written down as ONNX from the same
// parameters with their norms folded, so that a peer runs the very same products.
import { buildFolded } from '../dist/cnn/build.js';
import { runFolded } from '../dist/cnn/conv-norm.js';
import { fold } from '../dist/cnn/fold.js';
import { convNormOf, linearOf, shapesOf } from '../dist/cnn/leaves.js';
import { mobileNetV2Layers } from '../dist/cnn/mobilenet-v2.js';
import { mobileNetV2Params, mobileNetV2Tree } from '../dist/cnn/mobilenet-v2-params.js';
import { resNetLayers } from '../dist/cnn/resnet.js';
import { resNetParams, resNetTree } from '../dist/cnn/resnet-params.js';
import { resNetVariant } from '../dist/cnn/resnet-variants.js';
import { uniform } from './measure.mjs';
import { initializer, node, onnxModel } from './onnx-graph.mjs';

/** Sandler et al. 2018, table 2: expansion, channels, repeats, stride. */
const INVERTED = [
  [1, 16, 1, 1],
  [6, 24, 2, 2],
  [6, 32, 3, 2],
  [6, 64, 4, 2],
  [6, 96, 3, 1],
  [6, 160, 3, 2],
  [6, 320, 1, 1],
];

function mobileNetV2Config() {
  let from = 32;
  const blocks = INVERTED.flatMap(([expansion, width, repeats, first]) =>
    Array.from({ length: repeats }, (_, i) => {
      const stride = i === 0 ? first : 1;
      const block = {
        hidden: from * expansion,
        width,
        stride,
        expands: expansion > 1,
        residual: stride === 1 && from === width,
      };
      from = width;
      return block;
    }),
  );
  return {
    numChannels: 3,
    numClasses: 1000,
    stemWidth: 32,
    blocks,
    lastWidth: 1280,
    padding: 'symmetric',
    epsilon: 1e-5,
  };
}

export const NETWORKS = {
  'ResNet-50': {
    config: resNetVariant(50),
    params: resNetParams,
    layers: (config, leaf, unit) => resNetLayers(config, resNetTree(config, leaf, unit), runFolded),
    graph: resNetGraph,
  },
  MobileNetV2: {
    config: mobileNetV2Config(),
    params: mobileNetV2Params,
    layers: (config, leaf, unit) => mobileNetV2Layers(config, mobileNetV2Tree(config, leaf, unit)),
    graph: mobileNetV2Graph,
  },
};

/** Parameters by name: filters of variance 1/fan-in, so that activations keep their size through the network. */
export function randomArrays({ config, params }) {
  const random = uniform(1);
  const shapes = shapesOf((leaf) => params(config, leaf));
  return new Map(
    [...shapes].map(([name, shape]) => {
      const size = shape.reduce((all, each) => all * each, 1);
      const fanIn = shape.length === 4 ? shape[0] * shape[1] * (shape[3] === 1 ? 1 : shape[2]) : 300;
      const centre = name.endsWith('scale') || name.endsWith('variance') ? 1 : 0;
      const range = name.endsWith('variance') ? 0.5 : Math.sqrt(3 / fanIn);
      return [name, { shape, data: Float32Array.from({ length: size }, () => centre + range * random()) }];
    }),
  );
}

/** The layers of a network as `loadModel` would build them, with `Symbol.dispose`. */
export function builtNetwork({ config, layers }, arrays) {
  return buildFolded(arrays, config.epsilon, ({ leaf, unit }) => layers(config, leaf, unit));
}

/** The network as an ONNX model for images [B, 3, size, size]. */
export function onnxOf({ config, graph }, arrays, B, size) {
  const [nodes, initializers] = [[], []];
  const emit = (type, inputs, attributes) => {
    const name = `t${nodes.length}`;
    nodes.push(node(type, inputs, name, attributes));
    return name;
  };
  const leaf = (name) => arrays.get(name);
  const weights = (name, shape, data) => {
    initializers.push(initializer(name, shape, data));
    return name;
  };
  let written;
  const limits = () => (written ??= [weights('zero', [], Float32Array.of(0)), weights('six', [], Float32Array.of(6))]);
  const activate = (x, activation) => {
    if (activation === 'relu') return emit('Relu', [x]);
    return activation === 'relu6' ? emit('Clip', [x, ...limits()]) : x;
  };
  const output = graph(config, {
    emit,
    conv(x, name, { stride = 1, activation } = {}) {
      const { kernel, bias } = fold(convNormOf(leaf, name, [], 0), config.epsilon);
      const [k, , C, out] = kernel.shape;
      const isDepthwise = name.endsWith('depthwise');
      const filter = weights(`${name}.w`, ...channelsFirst(kernel, isDepthwise));
      const p = Math.floor(k / 2);
      const attributes = {
        kernel_shape: [k, k],
        strides: [stride, stride],
        pads: [p, p, p, p],
        group: isDepthwise ? C : 1,
      };
      return activate(
        emit('Conv', [x, filter, weights(`${name}.b`, [isDepthwise ? C : out], bias.data)], attributes),
        activation,
      );
    },
    head(x) {
      const { kernel, bias } = linearOf(leaf, 'head', []);
      const flat = emit('Flatten', [emit('GlobalAveragePool', [x])]);
      return emit('Gemm', [
        flat,
        weights('head.w', kernel.shape, kernel.data),
        weights('head.b', bias.shape, bias.data),
      ]);
    },
    has: (name) => arrays.has(`${name}.kernel`),
  });
  return onnxModel({
    nodes,
    initializers,
    input: { name: 'images', shape: [B, 3, size, size] },
    output: { name: output, shape: [B, config.numClasses] },
  });
}

function resNetGraph({ stages }, { conv, emit, head, has }) {
  const stem = conv('images', 'stem', { stride: 2, activation: 'relu' });
  let x = emit('MaxPool', [stem], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] });
  for (const [i, { depth, stride: first }] of stages.entries()) {
    for (let j = 0; j < depth; j += 1) {
      const name = `stages.${i}.blocks.${j}`;
      const stride = j === 0 ? first : 1;
      const shortcut = has(`${name}.shortcut`) ? conv(x, `${name}.shortcut`, { stride }) : x;
      const narrow = conv(x, `${name}.convolutions.0`, { activation: 'relu' });
      const filtered = conv(narrow, `${name}.convolutions.1`, { stride, activation: 'relu' });
      x = emit('Relu', [emit('Add', [conv(filtered, `${name}.convolutions.2`), shortcut])]);
    }
  }
  return head(x);
}

function mobileNetV2Graph({ blocks }, { conv, emit, head }) {
  let x = conv('images', 'stem', { stride: 2, activation: 'relu6' });
  for (const [i, { stride, expands, residual }] of blocks.entries()) {
    const wide = expands ? conv(x, `blocks.${i}.expand`, { activation: 'relu6' }) : x;
    const filtered = conv(wide, `blocks.${i}.depthwise`, { stride, activation: 'relu6' });
    const narrow = conv(filtered, `blocks.${i}.project`);
    x = residual ? emit('Add', [narrow, x]) : narrow;
  }
  return head(conv(x, 'last', { activation: 'relu6' }));
}

/** [k, k, in, out] → [out, in, k, k]; of a depthwise filter [k, k, C, 1] → [C, 1, k, k]. */
function channelsFirst({ shape: [k, , C, out], data }, isDepthwise) {
  const moved = new Float32Array(data.length);
  for (let tap = 0; tap < k * k; tap += 1) {
    for (let c = 0; c < C; c += 1) {
      for (let n = 0; n < out; n += 1) {
        const row = isDepthwise ? c : n * C + c;
        moved[row * k * k + tap] = data[(tap * C + c) * out + n];
      }
    }
  }
  return [isDepthwise ? [C, 1, k, k] : [out, C, k, k], moved];
}
