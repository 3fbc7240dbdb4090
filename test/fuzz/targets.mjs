// Every parser that meets bytes from outside, with what it may answer: a value, or an error of one of its own codes.
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';

import * as api from '../../dist/index.js';
import { run as runCommand } from '../../dist/cli/run.js';
import { decodeBmp } from '../../dist/image/bmp.js';
import { bytesInMemory } from '../../dist/weights/byte-source.js';
import { describe } from '../../dist/weights/describe.js';
import { readNpz } from '../../dist/weights/npz.js';
import { readSafetensors } from '../../dist/weights/safetensors.js';
import { graphNodes, lastOperation } from '../../dist/weights/tfjs/graph.js';
import { layerClasses } from '../../dist/weights/tfjs/keras.js';
import { readTfjsFile } from '../../dist/weights/tfjs/model-json.js';
import { readTfjsWeights } from '../../dist/weights/tfjs/weights.js';
import { mutatedBytes, mutatedJson } from './mutate.mjs';

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));
const FAMILIES = `${REPOSITORY}test/golden/families/`;
const TFJS = `${REPOSITORY}test/golden/tfjs/`;
const WEIGHTS = ['WEIGHTS_INVALID'];

export const TARGETS = {
  safetensors: byteTarget(
    [header({ a: entry('F32', [2], [0, 8]), b: entry('F16', [2, 2], [8, 16]) }, 16), header({}, 0)],
    [
      '{',
      '}',
      '[',
      ']',
      '"a"',
      '"dtype"',
      '"data_offsets"',
      '"__metadata__"',
      '9007199254740993',
      '\\u0000',
      'F64',
      'BF16',
    ],
    WEIGHTS,
    (bytes) => readSafetensors(bytesInMemory(bytes), 'x'),
  ),
  npz: byteTarget(
    smallArchives(),
    [
      'PK\x01\x02',
      'PK\x03\x04',
      'PK\x05\x06',
      "'shape': ",
      '(1,)',
      "'<f4'",
      '\x93NUMPY',
      '.npy',
      '../',
      '\xff\xff\xff\xff',
    ],
    WEIGHTS,
    (bytes) => readNpz(bytes, 'x'),
  ),
  bmp: byteTarget(
    filesOf(`${REPOSITORY}test/image/fixtures/kinds/`, '.bmp'),
    ['BM', '\0\0\0\0', '\xff\xff\xff\xff', '\x28\0\0\0', '\x7c\0\0\0'],
    ['IMAGE_UNREADABLE', 'IMAGE_UNSUPPORTED', 'IMAGE_TOO_LARGE'],
    (bytes) => decodeBmp({ name: 'x', bytes }, 1_000_000),
  ),
  config: {
    codes: ['WEIGHTS_INVALID', 'CONFIG_INVALID'],
    make: (random) => {
      const checkpoint = random.of(checkpoints());
      const part = random.of(['config', 'preprocessor'].filter((name) => checkpoint[name] !== undefined));
      const value = random.below(50) === 0 ? random.of([null, [], 7, 'x']) : mutatedJson(random, checkpoint[part]);
      return { ...checkpoint, [part]: value };
    },
    run: (checkpoint) => {
      const { description } = describe(checkpoint);
      description.preprocessingAt(description.imageSize);
    },
    show: ({ config, preprocessor }) => JSON.stringify({ config, preprocessor }),
  },
  'tfjs model': {
    codes: ['WEIGHTS_INVALID', 'CONFIG_INVALID'],
    make: (random) => {
      const folder = random.of(readdirSync(TFJS));
      const model = JSON.parse(readFileSync(`${TFJS}${folder}/model.json`, 'utf8'));
      return { folder, model: mutatedJson(random, model) };
    },
    run: readTfjs,
    show: JSON.stringify,
  },
  'command line': {
    codes: [],
    make: (random) => Array.from({ length: 1 + random.below(6) }, () => word(random)),
    run: commandLine,
    show: JSON.stringify,
  },
};

function byteTarget(seeds, words, codes, run) {
  const others = seeds;
  return {
    codes,
    make: (random) =>
      mutatedBytes(
        random,
        random.of(seeds),
        others,
        words.map((piece) => Buffer.from(piece, 'latin1')),
      ),
    run: (bytes) => run(new Uint8Array(bytes)),
    show: (bytes) => Buffer.from(bytes).toString('base64'),
  };
}

function entry(dtype, shape, data_offsets) {
  return { dtype, shape, data_offsets };
}

function header(object, bodyBytes) {
  const json = Buffer.from(JSON.stringify(object));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, Buffer.alloc(bodyBytes)]);
}

function filesOf(folder, ending) {
  return readdirSync(folder)
    .filter((name) => name.endsWith(ending))
    .map((name) => readFileSync(folder + name));
}

/** Archives of one small array each, stored and deflated, made by the smallest golden checkpoints' own writer. */
function smallArchives() {
  return filesOf(`${REPOSITORY}test/fuzz/seeds/`, '.npz');
}

let known;
function checkpoints() {
  known ??= readdirSync(FAMILIES).flatMap((name) => {
    const folder = `${FAMILIES}${name}/`;
    const files = readdirSync(folder);
    const read = (file) => (files.includes(file) ? JSON.parse(readFileSync(folder + file, 'utf8')) : undefined);
    const config = read('config.json');
    if (config === undefined || !files.includes('model.safetensors')) return [];
    return [{ where: name, config, preprocessor: read('preprocessor_config.json'), arrays: shapesOf(folder) }];
  });
  return known;
}

/** Names and shapes alone: what a description is made from. */
function shapesOf(folder) {
  const bytes = readFileSync(`${folder}model.safetensors`);
  const { __metadata__: _, ...entries } = JSON.parse(bytes.toString('utf8', 8, 8 + Number(bytes.readBigUInt64LE(0))));
  return new Map(Object.entries(entries).map(([name, { shape }]) => [name, { shape, data: new Float32Array() }]));
}

/** A model.json between its weights files, up to where TensorFlow.js would be handed its topology. */
async function readTfjs({ folder, model }) {
  const path = `${tfjsFolder(folder)}/model.json`;
  writeFileSync(path, JSON.stringify(model));
  const file = await readTfjsFile(path);
  await readTfjsWeights(path, file);
  if (file.format === 'layers-model') return layerClasses(file.topology);
  const nodes = graphNodes(path, file.topology);
  return Array.from(nodes.keys(), (output) => lastOperation(nodes, output));
}

const tfjsFolders = new Map();
function tfjsFolder(name) {
  if (tfjsFolders.size === 0)
    process.on('exit', () => tfjsFolders.forEach((folder) => rmSync(folder, { recursive: true })));
  if (!tfjsFolders.has(name)) {
    const folder = mkdtempSync(join(tmpdir(), 'patchlens-fuzz-'));
    cpSync(TFJS + name, folder, { recursive: true });
    tfjsFolders.set(name, folder);
  }
  return tfjsFolders.get(name);
}

const WORDS = [
  'classify', 'models', 'info', 'list', 'doctor', 'explain', 'evaluate', 'compare', 'attention', 'faithfulness', 'train', 'help', '--help', '--model', '--top-k', '--format', '--output',
  '--batch-size', '--threads', '--models', '--methods', '--precision', '--resume', '--arch', '--steps', '--layer', '--query', '--backend', '--files-from', '--no-recursive', '--quiet', '--', '-', '-m', '-k', '', ' ',
  'json', 'cpu', '0', '-1', '1e9', 'NaN', '٣', '5.5', '0x10', '--top-k=', '--top-k=-5', '--=', '-é', '\u001b[2J', '\u202e',
  'no such file', '[', '{a', '*', '../..', '\0', 'a'.repeat(10_000),
]; // prettier-ignore

function word(random) {
  return random.below(8) === 0 ? random.of(WORDS) + random.of(WORDS) : random.of(WORDS);
}

function stop() {
  throw new api.ModelNotFoundError('fuzzing ends where a model would be loaded');
}

const USE_CASES = [
  'loadModel', 'diagnose', 'convertModel', 'explain', 'explainImage', 'explainTraining', 'compare', 'dataStudy',
  'decodeImage', 'drawMaps', 'evaluate', 'train',
]; // prettier-ignore
const withoutModels = {
  ...api,
  ...Object.fromEntries(USE_CASES.map((name) => [name, stop])),
  findImages: () => [],
};

/** Ends with one of the exit codes of the contract, never prints a control character, never calls itself a bug. */
async function commandLine(argv) {
  let text = '';
  const stream = () => new Writable({ decodeStrings: false, write: (chunk, _, done) => done(void (text += chunk)) });
  const io = {
    stdin: Readable.from([]),
    stdout: stream(),
    stderr: stream(),
    env: {},
    signal: new AbortController().signal,
  };
  const code = await runCommand(argv, { api: async () => withoutModels, io });
  if (![0, 1, 2, 3, 4].includes(code)) throw new Error(`exit code ${code}`);
  // oxlint-disable-next-line no-control-regex
  if (/[\0-\x08\x0b-\x1f\x7f\u202a-\u202e]/.test(text))
    throw new Error(`a control character in ${JSON.stringify(text)}`);
  if (text.includes('bug in patchlens')) throw new Error(text);
}
