// Checkpoints that lie, each with what it is. The base is a real one of 50 kB.
import { cpSync, mkdirSync, openSync, readFileSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { crc32, deflateRawSync } from 'node:zlib';

const BASE = fileURLToPath(new URL('../golden/families/timm-patch16/', import.meta.url));

/** Writes every checkpoint below `folder`; in the order of the table. */
export function writeCheckpoints(folder) {
  const made = [];
  const config = JSON.parse(readFileSync(`${BASE}config.json`, 'utf8'));
  const file = readFileSync(`${BASE}model.safetensors`);
  const put = (name, what, { weights = file, settings = JSON.stringify(config), npz } = {}) => {
    mkdirSync(join(folder, name), { recursive: true });
    if (npz !== undefined) writeFileSync(join(folder, name, 'model.npz'), npz);
    else writeFileSync(join(folder, name, 'model.safetensors'), weights);
    if (settings !== null && npz === undefined) writeFileSync(join(folder, name, 'config.json'), settings);
    made.push({ name, what });
  };
  const edited = (edit) => {
    const entries = headerOf(file);
    edit(entries);
    return withHeader(JSON.stringify(entries), bodyOf(file));
  };

  put('length', 'a header length of 2⁶³', {
    weights: Buffer.concat([Buffer.alloc(7), Buffer.from([128]), file.subarray(8)]),
  });
  put('cut', 'a file cut in half', { weights: file.subarray(0, file.length / 2) });
  put('overlap', 'two tensors on the same bytes', {
    weights: edited((entries) => (entries['cls_token'].data_offsets = entries['head.bias'].data_offsets)),
  });
  put('negative', 'a negative offset', { weights: edited((entries) => (entries['cls_token'].data_offsets[0] = -8)) });
  put('fraction', 'a fractional offset', {
    weights: edited((entries) => (entries['cls_token'].data_offsets[0] += 0.5)),
  });
  put('shape', 'a shape that is not its bytes', { weights: edited((entries) => entries['cls_token'].shape.push(7)) });
  put('vast', 'a tensor of 2⁵³ values', { weights: edited((entries) => (entries['cls_token'].shape = [2 ** 53])) });
  put('twice', 'a tensor’s name twice', {
    weights: withHeader(
      JSON.stringify(headerOf(file)).replace('{', `{"cls_token":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},`),
      bodyOf(file),
    ),
  });
  put('deep', 'a header of 30 MB of brackets', { weights: withHeader('['.repeat(30e6), Buffer.alloc(0)) });
  put('nan', 'weights that are NaN', { weights: withNaN(file) });
  put('bert', 'another architecture', {
    weights: withHeader(
      '{"bert.embeddings.word_embeddings.weight":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}',
      Buffer.alloc(4),
    ),
  });
  put('no-config', 'no config.json', { settings: null });
  put('no-json', 'a config.json that is none', { settings: '{"architecture": "vit' });
  put('deep-config', 'a config.json of a million brackets', { settings: '['.repeat(1e6) });
  put('unknown', 'an architecture that nobody knows', {
    settings: JSON.stringify({ ...config, architecture: '\u001b[2J<script>' }),
  });
  put('heads', 'a number of heads that is absurd', { settings: withArgs(config, { num_heads: 1e9 }) });
  put('size', 'an image size of 10⁹', { settings: withArgs(config, { img_size: 1e9 }) });
  put('classes', 'more labels than classes', {
    settings: JSON.stringify({ ...config, label_names: Array(1e5).fill('x') }),
  });
  put('bomb', 'an .npz of 4 MiB that declares 4 GiB', { npz: bomb(2 ** 22, 2 ** 32 - 2 ** 21) });
  put('lie', 'an .npz whose data go on past the declared size', { npz: bomb(2 ** 26, 2 ** 20) });
  sparse(join(folder, 'sparse'), made);
  mkdirSync(join(folder, 'pickle'), { recursive: true });
  writeFileSync(join(folder, 'pickle', 'pytorch_model.bin'), '\x80\x02.');
  made.push({ name: 'pickle', what: 'a pickle' });
  return made;
}

function headerOf(file) {
  return JSON.parse(file.toString('utf8', 8, 8 + Number(file.readBigUInt64LE(0))));
}

function bodyOf(file) {
  return file.subarray(8 + Number(file.readBigUInt64LE(0)));
}

function withHeader(json, body) {
  const text = Buffer.from(json);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, body]);
}

function withNaN(file) {
  const bytes = Buffer.from(file);
  bytes.writeFloatLE(Number.NaN, bytes.length - 4 * Math.floor(bodyOf(file).length / 8));
  const { 'norm.weight': norm } = headerOf(file);
  bytes.writeFloatLE(Number.NaN, file.length - bodyOf(file).length + norm.data_offsets[0]);
  return bytes;
}

function withArgs(config, args) {
  return JSON.stringify({ ...config, model_args: { ...config.model_args, ...args } });
}

/** An archive with one array of zeros, `stored` bytes of them, of which the directory declares `declared`. */
function bomb(stored, declared) {
  const npy = Buffer.alloc(128, 0x20);
  npy.write('\x93NUMPY\x01\0', 0, 'latin1');
  npy.writeUInt16LE(118, 8);
  npy.write(`{'descr': '<f4', 'fortran_order': False, 'shape': (${(declared - 128) / 4},), }`, 10, 'latin1');
  npy[127] = 0x0a;
  const bytes = Buffer.concat([npy, Buffer.alloc(stored)]);
  const data = deflateRawSync(bytes, { level: 1 });
  const pad = Buffer.alloc(Math.max(0, Math.ceil(declared / 1032) - data.length));
  const body = Buffer.concat([data, pad]);
  const name = Buffer.from('embedding/kernel.npy');
  const fields = Buffer.alloc(26);
  fields.writeUInt16LE(20, 0);
  fields.writeUInt16LE(8, 4);
  fields.writeUInt32LE(crc32(bytes), 10);
  fields.writeUInt32LE(body.length, 14);
  fields.writeUInt32LE(declared, 18);
  fields.writeUInt16LE(name.length, 22);
  const local = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), fields, name, body]);
  const listed = Buffer.concat([Buffer.from('PK\x01\x02\x14\0', 'latin1'), fields, Buffer.alloc(14), name]);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 0, 'latin1');
  end.writeUInt16LE(1, 8);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(listed.length, 12);
  end.writeUInt32LE(local.length, 16);
  return Buffer.concat([local, listed, end]);
}

/** A tensor of 16 GiB in a file that takes 4 KiB of the disk. */
function sparse(folder, made) {
  mkdirSync(folder, { recursive: true });
  const bytes = 2 ** 34;
  const head = withHeader(
    `{"cls_token":{"dtype":"F32","shape":[${bytes / 4}],"data_offsets":[0,${bytes}]}}`,
    Buffer.alloc(0),
  );
  const path = join(folder, 'model.safetensors');
  const file = openSync(path, 'w');
  writeSync(file, head);
  truncateSync(path, head.length + bytes);
  cpSync(`${BASE}config.json`, join(folder, 'config.json'));
  made.push({ name: 'sparse', what: 'a tensor of 16 GiB in a file of holes' });
}
