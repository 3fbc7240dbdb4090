import { describe, expect, test } from 'vitest';

import { float32Text, percentText, shortText } from '../../../src/report/explorer/client/numbers.ts';
import { attentionMap, shownMap, thresholdOf } from '../../../src/report/explorer/client/shown-map.ts';
import { firstView, fragmentOf, tokenName, viewOf } from '../../../src/report/explorer/client/view.ts';
import { recordOf } from './record.ts';

const data = recordOf();
const first = firstView(data);

describe('the address of a view', () => {
  test('starts with where one looks', () => {
    expect(fragmentOf(first, data)).toBe('method=attention&layer=2&head=mean&token=class');
    expect(fragmentOf({ ...first, token: 1, head: 1, mass: 60 }, data)).toBe(
      'method=attention&layer=2&head=1&token=register-0&mass=60',
    );
  });

  test.each([
    { method: 'relevance', target: 3 },
    { layer: 0, head: 1, token: 7, direction: 'to', range: 'clipped' },
    { mass: 1, opacity: 0, colours: 'magma', key: 4, range: 'shared' },
  ] as const)('%o comes back', (change) => {
    const view = { ...first, ...change };
    expect(viewOf(`#${fragmentOf(view, data)}`, data)).toEqual(view);
  });

  test.each([
    '#layer=3&head=2&token=2,0&method=x&target=5',
    '#layer=-1&head=1e0&token=0,3&direction=up&range=&mass=0',
    '#token=constructor&opacity=101&mass=1.5&colours=toString&picture=photograph&key=9,9',
    '#%%%&&&===',
  ])('%s: what it has not is as at first', (fragment) => {
    expect(viewOf(fragment, data)).toEqual(first);
  });
});

describe('the map that is shown', () => {
  test('of attention is the row of the token that asks, from zero to its greatest', () => {
    const map = shownMap(data, { ...first, head: 1, range: 'own' }, 4);
    const all = [...map.prefix, ...map.values];
    expect(all.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 1);
    expect(map.range).toEqual({ least: 0, greatest: Math.max(...map.values) });
    expect(map.caption).toBe('Where patch 0,2 looks in layer 2, head 1.');
    expect(map.error).toBeGreaterThan(0);
  });

  test('may have one scale for all layers and heads', () => {
    const view = { ...first, range: 'shared', layer: 0 } as const;
    const own = data.attention.layers.flatMap((layer) =>
      [0, 1].map((head) => attentionMap(data, { ...first, layer, head, range: 'own' }, 4).range.greatest),
    );
    expect(shownMap(data, view, 4).range.greatest).toBe(Math.max(...own));
    expect(shownMap(data, { ...view, layer: 1 }, 5).range).not.toEqual(shownMap(data, view, 4).range);
  });

  test('says when its scale leaves values out', () => {
    const { range, isClipped, values } = shownMap(data, { ...first, range: 'clipped' }, 4);
    expect(isClipped).toBe(true);
    expect(range.greatest).toBe(values.toSorted().at(-2));
  });

  test('of a class is that of the class, and of no class the same for all', () => {
    const relevance = shownMap(data, { ...first, method: 'relevance', target: 3 }, 0);
    expect(relevance.values).toEqual(data.maps[2]!.values);
    expect(relevance.caption).toBe('Relevance, all layers. For the class «dog».');
    const rollout = shownMap(data, { ...first, method: 'rollout', target: 3 }, 0);
    expect(rollout.caption).toBe('Rollout, all layers. The same for every class.');
  });

  test('covers the fewest patches that hold a share of it', () => {
    const values = Float32Array.of(4, 1, 3, 2);
    expect([100, 40, 41, 70].map((mass) => thresholdOf(values, mass))).toEqual([-Infinity, 4, 3, 3]);
  });
});

describe('numbers', () => {
  test('float32 numbers are as short as they are exact', () => {
    for (const value of [0.1, 1 / 3, -2.5, 1e-20, 16_777_216, 3.4e38, 0, 1.1754944e-38]) {
      const text = float32Text(Math.fround(value));
      expect(Math.fround(Number(text)), text).toBe(Math.fround(value));
    }
    expect(float32Text(Math.fround(0.1))).toBe('0.1');
    expect(float32Text(Math.fround(1 / 3))).toBe('0.33333334');
  });

  test('short ones have three digits', () => {
    expect([0, 0.012345, 0.00001234, 123456].map(shortText)).toEqual(['0', '0.0123', '1.2e-5', '1.2e+5']);
    expect([0, 0.0001, 0.0312, 1].map(percentText)).toEqual(['0 %', '< 0.1 %', '3.1 %', '100.0 %']);
  });

  test('tokens have names', () => {
    expect([0, 1, 2, 7].map((token) => tokenName(data.grid, token))).toEqual([
      'class token',
      'register 0',
      'patch 0,0',
      'patch 1,2',
    ]);
  });
});
