import ndarray from 'ndarray';
import { expect, test } from 'vitest';

import { captionsOf } from '../../../src/use-cases/attention/captions.ts';
import { METHOD_FACTS } from '../../../src/use-cases/attention/methods.ts';
import type { AttentionMaps, AttentionMethod } from '../../../src/use-cases/attention/methods.ts';

const CAT = { index: 1, label: 'cat', probability: 0.75 };
const DOG = { index: 2, label: 'dog', probability: 0.125 };
const VIT = {
  architecture: 'ViT',
  preprocessing: {
    imageSize: { height: 4, width: 4 },
    resize: { kind: 'squash', size: { height: 4, width: 4 } },
    interpolation: 'bilinear',
    cropRounding: 'floor',
    mean: [0, 0, 0],
    std: [1, 1, 1],
  },
} as const;
const VALUES = { values: ndarray(new Float32Array(4), [2, 2]), prefix: {} };

function entryOf(
  method: AttentionMethod,
  more: Partial<AttentionMaps> = {},
  place: { layer?: number; head?: number } = {},
) {
  const { isOfClass, isSigned, quantity } = METHOD_FACTS[method];
  const map = { ...VALUES, ...place };
  const result: AttentionMaps = {
    method,
    quantity,
    isSigned,
    grid: { Gh: 2, Gw: 2, prefix: ['class'] },
    query: 'class',
    target: isOfClass ? CAT : undefined,
    predictions: [CAT, DOG],
    maps: [map],
    width: 4,
    height: 4,
    view: { left: 0, top: 0, width: 4, height: 4 },
    ...more,
  };
  return { info: VIT, result, map };
}

test('one panel says all about itself', () => {
  const entry = entryOf('relevance');
  const { title, titleOf, quantityOf, notes } = captionsOf([entry], undefined);
  expect([title, titleOf(entry), quantityOf(entry)]).toEqual(['ViT', 'relevance: cat 0.75', 'relevance']);
  expect(notes).toEqual(['Predicted: cat 0.750.']);
});

test('what all panels would say is said once', () => {
  const entries = [0, 1].map((head) => entryOf('attention', {}, { layer: 3, head }));
  const { title, titleOf, quantityOf, notes } = captionsOf(entries, undefined);
  expect(title).toBe('ViT, attention by head, share of attention');
  expect(entries.map(titleOf)).toEqual(['layer 3, head 0', 'layer 3, head 1']);
  expect(entries.map(quantityOf)).toEqual(['', '']);
  expect(notes).toEqual(['attention: the same for every class.', 'Predicted: cat 0.750.']);
});

test('several methods of one class name it below, of several classes each by itself', () => {
  const same = [entryOf('rollout'), entryOf('relevance', { target: DOG }), entryOf('rise', { target: DOG })];
  const below = captionsOf(same, undefined);
  expect(same.map(below.titleOf)).toEqual(['rollout', 'relevance', 'rise']);
  expect(same.map(below.quantityOf)).toEqual(['share of attention', 'relevance', 'mean probability']);
  expect(below.notes).toEqual(['rollout: the same for every class.', 'Explained: dog 0.125.', 'Predicted: cat 0.750.']);
  const two = [entryOf('relevance'), entryOf('relevance', { target: DOG })];
  expect(two.map(captionsOf(two, undefined).titleOf)).toEqual(['relevance: cat 0.75', 'relevance: dog 0.13']);
});

test('who asks is told where it is not the class token, and high norms where they are', () => {
  const asked = entryOf('attention', { query: [0, 1] });
  expect(captionsOf([asked], undefined).titleOf(asked)).toBe('attention from patch 0,1');
  const norms = entryOf('token-norm', {
    query: 'patches',
    outliers: [
      [0, 0],
      [1, 1],
    ],
  });
  const { titleOf, notes } = captionsOf([norms], undefined);
  expect(titleOf(norms)).toBe('token-norm');
  expect(notes).toContain('High norms at 0,0 1,1.');
});

test('several networks are named by every panel and with what they predict', () => {
  const vit = entryOf('grad-cam');
  const cnn = { ...entryOf('grad-cam', { target: DOG, predictions: [DOG] }), info: { ...VIT, architecture: 'ResNet' } };
  const { title, titleOf, notes } = captionsOf([vit, cnn], undefined);
  expect(title).toBe('ViT and ResNet, weighted activation');
  expect([vit, cnn].map(titleOf)).toEqual(['ViT, grad-cam: cat 0.75', 'ResNet, grad-cam: dog 0.13']);
  expect(notes).toEqual(['Predicted by ViT: cat 0.750.', 'Predicted by ResNet: dog 0.125.']);
});
