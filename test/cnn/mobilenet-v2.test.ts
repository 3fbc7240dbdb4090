import { readFileSync } from 'node:fs';

import { expect, test } from 'vitest';

import { countTrained, shapesOf } from '../../src/cnn/leaves.ts';
import { mobileNetV2Params } from '../../src/cnn/mobilenet-v2-params.ts';
import type { MobileNetV2Config } from '../../src/weights/cnn-architecture.ts';
import { GOLDEN_FOLDER } from '../support/goldens.ts';

const { cnns }: { cnns: Record<string, Record<string, number>> } = JSON.parse(
  readFileSync(`${GOLDEN_FOLDER}parameter-counts.json`, 'utf8'),
);

/** Expansion, channels, blocks and stride of each stage (Sandler et al. 2018, table 2). */
const STAGES = [
  [1, 16, 1, 1],
  [6, 24, 2, 2],
  [6, 32, 3, 2],
  [6, 64, 4, 2],
  [6, 96, 3, 1],
  [6, 160, 3, 2],
  [6, 320, 1, 1],
] as const;

/** The paper's network with its channels multiplied and rounded to eights. */
function published(multiplier: number): MobileNetV2Config {
  const rounded = (width: number): number => 8 * Math.round((width * multiplier) / 8);
  let from = rounded(32);
  const blocks = STAGES.flatMap(([expansion, channels, depth, stride]) =>
    Array.from({ length: depth }, (_, i) => {
      const width = rounded(channels);
      const block = {
        hidden: expansion * from,
        width,
        stride: i === 0 ? stride : 1,
        expands: expansion > 1,
        residual: i > 0,
      };
      from = width;
      return block;
    }),
  );
  return {
    kind: 'mobilenet-v2',
    numChannels: 3,
    numClasses: 1000,
    stemWidth: rounded(32),
    blocks,
    lastWidth: Math.max(1280, rounded(1280)),
    padding: 'symmetric',
    epsilon: 1e-5,
  };
}

test.each([
  ['timm', 'mobilenetv2_100', 1],
  ['timm', 'mobilenetv2_140', 1.4],
  ['torchvision', 'mobilenet_v2', 1],
])('%s %s has exactly the published number of parameters', (library, name, multiplier) => {
  const shapes = shapesOf((leaf) => mobileNetV2Params(published(multiplier), leaf));
  expect(countTrained(shapes)).toBe(cnns[library]?.[name]);
});
