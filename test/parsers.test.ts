import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { anything, array, assert, asyncProperty, integer, record, string, tuple } from 'fast-check';
import type { Arbitrary } from 'fast-check';
import { describe, expect, test } from 'vitest';

import { PatchlensError } from '../src/errors.ts';
import { decodeBmp } from '../src/image/bmp.ts';
import { bytesInMemory } from '../src/weights/byte-source.ts';
import { describe as describeCheckpoint } from '../src/weights/describe.ts';
import { readNpz } from '../src/weights/npz.ts';
import { readSafetensors } from '../src/weights/safetensors.ts';
import { float32Bytes, writeNpy, writeZip } from './support/write-npz.ts';
import { patchlens } from './cli/harness.ts';

const FIXTURES = fileURLToPath(new URL('.', import.meta.url));
const FAMILY = `${FIXTURES}golden/families/timm-patch16/`;

/** A file with some of its bytes replaced, cut off at a place. */
function damaged(file: Uint8Array): Arbitrary<Uint8Array> {
  const place = integer({ min: 0, max: file.length - 1 });
  return tuple(array(tuple(place, integer({ min: 0, max: 255 })), { maxLength: 8 }), place).map(([changes, rest]) => {
    const bytes = Uint8Array.from(file);
    for (const [at, value] of changes) bytes[at] = value;
    return bytes.subarray(0, file.length - (rest % 2 === 0 ? 0 : rest));
  });
}

/** The same inputs in every run. */
const SEED = { seed: 1 };

/** Whatever else a parser throws is a fault of it. */
async function expectAnswer(parse: () => unknown): Promise<void> {
  try {
    await parse();
  } catch (error) {
    expect(error).toBeInstanceOf(PatchlensError);
  }
}

describe('damaged input is a value or an error of patchlens', () => {
  const safetensors = readFileSync(`${FAMILY}model.safetensors`);
  const npz = writeZip([{ name: 'a.npy', bytes: writeNpy([2, 3], float32Bytes([1, 2, 3, 4, 5, 6])), deflate: true }]);
  const bmp = readFileSync(`${FIXTURES}image/fixtures/kinds/bmp-16bit-565.bmp`);

  test('safetensors', async () => {
    // The header and the first values: most of the file would only change numbers.
    const files = damaged(safetensors.subarray(0, 4096));
    await assert(
      asyncProperty(files, (bytes) => expectAnswer(() => readSafetensors(bytesInMemory(bytes), 'x'))),
      SEED,
    );
  });

  test('npz', async () => {
    await assert(
      asyncProperty(damaged(npz), (bytes) => expectAnswer(() => readNpz(bytes, 'x'))),
      SEED,
    );
  });

  test('bmp', async () => {
    await assert(
      asyncProperty(damaged(bmp), (bytes) => expectAnswer(() => decodeBmp({ name: 'x', bytes }, 1_000_000))),
      SEED,
    );
  });

  test('configurations', async () => {
    const config = JSON.parse(readFileSync(`${FAMILY}config.json`, 'utf8')) as Record<string, unknown>;
    const arrays = new Map(await readSafetensors(bytesInMemory(safetensors), 'x'));
    const parts = ['architecture', 'num_classes', 'label_names', 'model_args', 'pretrained_cfg'] as const;
    const changed = Object.fromEntries(parts.map((part) => [part, anything()]));
    await assert(
      asyncProperty(record(changed, { requiredKeys: [] }), (changes) =>
        expectAnswer(() =>
          describeCheckpoint({ where: 'x', arrays, config: { ...config, ...changes }, preprocessor: undefined }),
        ),
      ),
      SEED,
    );
  });

  test('command lines', async () => {
    await assert(
      asyncProperty(array(string({ unit: 'binary' }), { maxLength: 4 }), async (words) => {
        const { code, stderr } = await patchlens(['classify', '--no-such-option', ...words]);
        expect(code).toBe(2);
        expect(stderr.trimEnd().split('\n')).toHaveLength(1);
      }),
      SEED,
    );
  });
});
