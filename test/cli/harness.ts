import { Readable, Writable } from 'node:stream';
import { buffer } from 'node:stream/consumers';

import { explorerPage } from '../../src/use-cases/attention/explorer.ts';
import type { Api, Loaded } from '../../src/cli/patchlens.ts';
import { run } from '../../src/cli/run.ts';
import { NAMED_NETWORKS } from '../../src/use-cases/train/network.ts';
import { dataStudy } from '../../src/use-cases/train/study.ts';
import { compare } from '../../src/use-cases/compare/compare.ts';
import { renderComparison } from '../../src/use-cases/compare/page.ts';
import { drawMaps } from '../../src/use-cases/attention/figure.ts';
import { methodsFor } from '../../src/use-cases/attention/methods.ts';
import { ImageError, PatchlensError } from '../../src/errors.ts';
import { BUILT_IN_EXAMPLE, parseExample } from '../../src/use-cases/explain/example.ts';
import { evaluate } from '../../src/use-cases/evaluate/evaluate.ts';
import { explainImage } from '../../src/use-cases/explain/image.ts';
import { explainTraining } from '../../src/use-cases/explain/training.ts';
import { explain } from '../../src/use-cases/explain/explain.ts';
import type {
  Classification,
  Diagnosis,
  ImageInput,
  LoadOptions,
  Model,
  ModelInfo,
  Prediction,
} from '../../src/index.ts';
import { PERTURBATION_KINDS } from '../../src/image/perturb.ts';
import { decodeImage } from '../../src/image/decode.ts';
import { findImages } from '../../src/use-cases/inputs.ts';
import { EMBEDDED_MODEL } from '../../src/use-cases/models.ts';
import { summariseComparison } from '../../src/report/comparison-summary.ts';
import { explanationPage } from '../../src/report/explanation-page.ts';
import { explanationText } from '../../src/report/explanation-text.ts';
import { npyFile } from '../../src/report/npy.ts';
import { variant } from '../../src/vit/variants.ts';

export type Capture = ReturnType<typeof capture>;

/** A stream that remembers what was written, as a pipe or, with `columns`, as a terminal of that width. */
export function capture(columns?: number) {
  return accepting(columns, () => undefined);
}

/** A pipe that fails with `code` after some writes: its reader has closed, as `head` does, or a disk is full. */
export function failingAfter(writes: number, code: string) {
  let seen = 0;
  return accepting(undefined, () =>
    ++seen > writes ? Object.assign(new Error(`write ${code}`), { code }) : undefined,
  );
}

function accepting(columns: number | undefined, failure: () => Error | undefined) {
  const writable = new Writable({
    decodeStrings: false,
    write(chunk: string, _encoding, done) {
      const error = failure();
      if (error === undefined) stream.text += chunk;
      done(error);
    },
  });
  const stream = Object.assign(writable, { text: '', isTTY: columns !== undefined, columns });
  return stream;
}

/** Every part of the API in one. */
type Patchlens = Loaded<'attention'> &
  Loaded<'classify'> &
  Loaded<'compare'> &
  Loaded<'convert'> &
  Loaded<'doctor'> &
  Loaded<'errors'> &
  Loaded<'evaluate'> &
  Loaded<'explain'> &
  Loaded<'train'>;

export interface CommandOptions {
  readonly api?: Partial<Patchlens>;
  readonly stdin?: string | Uint8Array | Iterable<string>;
  readonly stdout?: Capture;
  readonly stderr?: Capture;
  readonly env?: Record<string, string>;
  readonly signal?: AbortSignal;
  /** Standard input is a terminal. */
  readonly interactive?: boolean;
}

/** Runs a command line in process against a fake model. */
export async function patchlens(argv: readonly string[], options: CommandOptions = {}) {
  const { stdout = capture(), stderr = capture(), env = {}, signal = new AbortController().signal } = options;
  const chunks =
    typeof options.stdin === 'string' || options.stdin instanceof Uint8Array ? [options.stdin] : options.stdin;
  const stdin = Object.assign(Readable.from(chunks ?? [], { objectMode: false }), {
    isTTY: options.interactive === true,
  });
  const part = async () => ({ ...fakePatchlens(), ...options.api });
  const code = await run(argv, { api: apiOf(part), io: { stdin, stdout: stdout, stderr, env, signal } });
  return { code, stdout: stdout.text, stderr: stderr.text };
}

function apiOf(part: () => Promise<Patchlens>): Api {
  return {
    attention: part,
    classify: part,
    compare: part,
    convert: part,
    doctor: part,
    errors: part,
    evaluate: part,
    explain: part,
    train: part,
  };
}

export interface FakeModelOptions {
  readonly classes?: readonly string[];
  readonly notice?: string;
  /** Called before each result, to interrupt a run at a known place. */
  readonly onImage?: (count: number) => void;
  readonly onLoad?: (name: string, options: LoadOptions) => void;
}

/** The API with a model that reads no pixels: names that hold `bad` fail, all others get the same three classes. */
export function fakePatchlens(options: FakeModelOptions = {}): Patchlens {
  return {
    EMBEDDED_MODEL,
    PatchlensError,
    decodeImage,
    drawMaps,
    methodsFor,
    npyFile,
    findImages,
    diagnose: async () => DIAGNOSIS,
    convertModel: async (_model, { output }) => ({ output, names: 'timm', dtype: 'float32', warnings: [] }),
    compare,
    evaluate,
    renderComparison,
    summariseComparison,
    PERTURBATION_KINDS,
    BUILT_IN_EXAMPLE,
    explain,
    explainImage,
    explainTraining,
    explanationPage,
    explanationText,
    explorerPage,
    parseExample,
    listModels: () => [
      { name: 'shapes', description: 'Four shapes, drawn.', numParameters: 1234567, classes: ['circle', 'square'] },
    ],
    NAMED_NETWORKS,
    dataStudy,
    train: async (_folder, { output }) => ({ output, steps: 1, classes: ['cat', 'dog'], validation: undefined }),
    loadModel: async (name, load) => {
      options.onLoad?.(name, load ?? {});
      return fakeModel(name, options);
    },
  };
}

export const PROBABILITIES = [0.8125, 0.125, 0.0625];

function fakeModel(name: string, { classes = ['cat', 'dog', 'eel'], notice, onImage }: FakeModelOptions): Model {
  const predict = (topK: number): Prediction[] =>
    PROBABILITIES.slice(0, topK).map((probability, index) => ({ index, label: classes[index] ?? '', probability }));
  const fail = (path: string) => new ImageError('IMAGE_UNREADABLE', `${path}: expected an image, got text`);
  let count = 0;
  return {
    info: infoOf(name, classes, notice),
    async classify(image: ImageInput, { topK = 5 } = {}) {
      if (image instanceof Readable && (await buffer(image)).length === 0) throw fail('bytes');
      return predict(topK);
    },
    async *classifyAll(paths, { topK = 5, signal } = {}): AsyncGenerator<Classification, void, undefined> {
      for await (const path of paths) {
        onImage?.(count++);
        signal?.throwIfAborted();
        if (path.includes('bad')) {
          const { code, message } = fail(path);
          yield { path, status: 'error', error: { code, message } };
        } else yield { path, status: 'ok', predictions: predict(topK) };
      }
    },
    // Commands that look inside a model are tested with the embedded one.
    attention: notFaked,
    explore: notFaked,
    headStatistics: notFaked,
    embeddings: notFaked,
    faithfulness: notFaked,
    dispose() {},
    [Symbol.dispose]() {},
  };
}

async function notFaked(): Promise<never> {
  throw new Error('the fake model has nothing inside');
}

function infoOf(name: string, classes: readonly string[], notice: string | undefined): ModelInfo {
  return {
    name,
    architecture: 'vit_tiny_patch16_224',
    family: 'timm ViT',
    classes,
    numParameters: 5_717_416,
    weightBytes: 22_869_664,
    cost: { multiplyAdds: 1_253_683_200, multiplyAddsWithNorms: 1_258_411_200, activations: 5_974_636 },
    config: variant('Ti', 16),
    preprocessing: {
      imageSize: { height: 224, width: 224 },
      resize: { kind: 'shorter-edge', size: 248 },
      interpolation: 'bicubic',
      cropRounding: 'half-even',
      mean: [0.5, 0.5, 0.5],
      std: [0.25, 0.25, 0.25],
    },
    backend: 'wasm',
    precision: 'f32',
    threads: 2,
    notice,
  };
}

export const DIAGNOSIS: Diagnosis = {
  patchlens: '1.2.3',
  node: { version: '20.20.2', required: '>=20.19', supported: true },
  platform: { os: 'linux', release: '6.1.0', arch: 'x64' },
  cpu: { model: 'Abacus 9000', parallelism: 2, processors: 8 },
  memoryBytes: 4 * 2 ** 30,
  packages: { '@tensorflow/tfjs-core': '4.22.0', '@tensorflow/tfjs-node': null },
  images: { status: 'loads', sharp: '0.35.5', libvips: '8.18.7', formats: ['jpeg', 'png'] },
  backends: [
    { name: 'tensorflow', status: 'unavailable', reason: 'backend tensorflow: not installed' },
    { name: 'wasm', status: 'loads', detail: 'tfjs 4.22.0, SIMD' },
    { name: 'cpu', status: 'loads', detail: 'plain JavaScript' },
  ],
  auto: 'wasm',
};
