// The sides of vit-peers.bench.mjs: each runs the network of one folder on the same images, and keeps its logits.
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { loadNetwork } from '../../dist/use-cases/load/load.js';

const CHANNELS_FIRST = [3, 224, 224];

/** Ours, in a precision. Images [n, 224, 224, 3]. */
export async function nativeSide(folder, images, { precision, threads }) {
  const { network, logitsOf, info, ...loaded } = await loadNetwork(folder, { backend: 'native', precision, threads });
  const side = {
    precision: info.precision,
    compute: async () => {
      const input = network.inputOf(images);
      const logits = await logitsOf(input, () => {});
      side.logits = logits.dataSync();
      logits.dispose();
      input.dispose();
    },
    dispose: () => loaded[Symbol.dispose](),
  };
  return side;
}

/** ONNX Runtime, or undefined where it is not installed. `pixels`: [n, 3, 224, 224]. */
export async function onnxSide(file, pixels, { batch, threads, precision }) {
  const runtime = onnxRuntime();
  if (runtime === undefined) return undefined;
  const options = { intraOpNumThreads: threads, interOpNumThreads: 1, executionMode: 'sequential' };
  const session = await runtime.InferenceSession.create(file, options);
  const input = new runtime.Tensor('float32', pixels, [batch, ...CHANNELS_FIRST]);
  const side = {
    precision,
    compute: async () => {
      side.logits = (await session.run({ pixel_values: input })).logits.data;
    },
    dispose: () => void session.release(),
  };
  return side;
}

function onnxRuntime() {
  try {
    return createRequire(import.meta.url)('onnxruntime-node');
  } catch {
    return undefined;
  }
}

/** PyTorch in a process of its own, or undefined where this Python has none. */
export async function startTorch(python, pixelFile, threads) {
  const script = join(import.meta.dirname, 'torch_vit.py');
  const child = spawn(python, [script, String(threads), pixelFile], { stdio: ['pipe', 'pipe', 'ignore'] });
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  // Of a process that could not start, or ended: the question finds no reader.
  for (const stream of [child, child.stdin]) stream.on('error', () => {});
  const ask = async (request) => {
    child.stdin.write(`${JSON.stringify(request)}\n`);
    const { value, done } = await answers.next();
    return done ? undefined : JSON.parse(value);
  };
  return {
    side: async (model, batch, dtype) => {
      const request = { model, batch, dtype };
      if ((await ask(request)) === undefined) return undefined;
      const side = {
        precision: dtype === 'float32' ? 'f32' : 'bf16',
        compute: async () => {
          const { ms, logits } = await ask(request);
          side.logits = logits.flat();
          return ms;
        },
        dispose: () => {},
      };
      return side;
    },
    stop: () => child.stdin.end(),
  };
}
