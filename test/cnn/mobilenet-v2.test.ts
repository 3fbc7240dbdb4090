import { readFileSync } from 'node:fs';

import { expect, test } from 'vitest';

import { countTrained, shapesOf } from '../../src/cnn/leaves.ts';
import { mobileNetV2Params } from '../../src/cnn/mobilenet-v2-params.ts';
import { GOLDEN_FOLDER } from '../support/goldens.ts';
import { mobileNetV2Of } from '../support/published.ts';

const { cnns }: { cnns: Record<string, Record<string, number>> } = JSON.parse(
  readFileSync(`${GOLDEN_FOLDER}parameter-counts.json`, 'utf8'),
);

test.each([
  ['timm', 'mobilenetv2_100', 1],
  ['timm', 'mobilenetv2_140', 1.4],
  ['torchvision', 'mobilenet_v2', 1],
])('%s %s has exactly the published number of parameters', (library, name, multiplier) => {
  const shapes = shapesOf((leaf) => mobileNetV2Params(mobileNetV2Of(multiplier), leaf));
  expect(countTrained(shapes)).toBe(cnns[library]?.[name]);
});
