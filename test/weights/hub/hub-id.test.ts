import { expect, test } from 'vitest';

import { formatHubId, parseHubId } from '../../../src/weights/hub/hub-id.ts';

test.each([
  ['timm/vit_tiny_patch16_224.augreg_in21k_ft_in1k', 'timm/vit_tiny_patch16_224.augreg_in21k_ft_in1k', 'main'],
  ['google/vit-base-patch16-224@refs/pr/7', 'google/vit-base-patch16-224', 'refs/pr/7'],
  ['a/b@v1.0+cpu', 'a/b', 'v1.0+cpu'],
])('%s is the id of a model', (text, name, revision) => {
  expect(parseHubId(text)).toEqual({ name, revision });
  expect(formatHubId({ name, revision })).toBe(text);
});

test.each([
  '',
  'name',
  './folder',
  '../folder',
  '/org/name',
  'org/name/more',
  'org//name',
  'org\\name',
  'org/na me',
  'org/na\0me',
  'org/..',
  'org/a..b',
  'org/a--b',
  'org/.name',
  'org/name.',
  '-org/name',
  'org/name-',
  `org/${'a'.repeat(96)}`,
  'org/name@',
  'org/name@..',
  'org/name@a/../b',
  'org/name@/a',
  'org/name@a/',
  'org/name@a\\b',
  'org/name@a@b',
  'org/name@.hidden',
  'org/name@C:a',
  'org/name@a\0b',
  'org/n%61me',
  'org/name?x=1',
])('%j is none', (text) => {
  expect(parseHubId(text)).toBeUndefined();
});
