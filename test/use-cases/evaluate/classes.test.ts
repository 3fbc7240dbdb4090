import { describe, expect, test } from 'vitest';

import { ArgumentError } from '../../../src/errors.ts';
import { matchClasses, sameClasses } from '../../../src/use-cases/evaluate/classes.ts';
import { IMAGENET_1K } from '../../../src/labels/imagenet-1k.ts';

const IMAGENET = IMAGENET_1K.map(([, name]) => name);
const PETS = ['tabby, tabby cat', 'Egyptian cat', 'great white shark', 'crane', 'crane'];

function match(labels: readonly string[], classes: readonly string[], convention?: 'name' | 'index' | 'order') {
  const { indexOf, ...rest } = matchClasses(labels, classes, convention);
  return { ...rest, indices: labels.map((label) => indexOf.get(label)) };
}

describe('labels are read', () => {
  test('by name, whatever the case and what stands between words, also by a synonym', () => {
    const read = match(['egyptian_cat', 'Great-White Shark', 'tabby', 'TABBY CAT'], PETS);
    expect(read).toEqual({ convention: 'name', indices: [1, 2, 0, 0] });
  });

  test('by index, also with leading zeros', () => {
    expect(match(['0', '004', '3'], PETS)).toEqual({ convention: 'index', indices: [0, 4, 3] });
  });

  test("by ImageNet's synsets for a model of its classes, even one with a publisher's own names", () => {
    const read = { convention: 'synset', indices: [281, 0] };
    expect(match(['n02123045', 'n01440764'], IMAGENET)).toEqual(read);
    const renamed = IMAGENET.map((name, i) => (i % 20 === 0 ? `no. ${i}` : `${name}, ${name} itself`));
    expect(match(['n02123045', 'n01440764'], renamed)).toEqual(read);
    expect(() => match(['n02123045'], PETS)).toThrow('got n02123045');
  });

  test('in the order of the folders only when asked to', () => {
    const classes = ['class 0', 'class 1', 'class 2'];
    expect(match(['b', 'B', 'a'], classes, 'order')).toEqual({ convention: 'order', indices: [2, 0, 1] });
    expect(() => match(['a', 'b', 'c'], classes)).toThrow(ArgumentError);
    expect(() => match(['a', 'b'], classes, 'order')).toThrow("each of the model's 3 classes");
  });

  test('of other scripts', () => {
    expect(match(['猫', 'قط'], ['犬', 'قط', '猫'])).toEqual({ convention: 'name', indices: [2, 1] });
  });
});

describe('labels are refused', () => {
  test('with the nearest names, when they are no class', () => {
    expect(() => match(['egyptian kat', 'tabby'], PETS)).toThrow(
      "labels: expected a class by name of the model's 5, got egyptian kat (nearest: 1 Egyptian cat",
    );
    expect(() => match(['zzz'], PETS)).toThrow("a class by name, index or synset of the model's 5, got zzz");
    expect(() => match(['5'], PETS, 'index')).toThrow('got 5');
    expect(() => match(['u', 'v', 'w', 'x', 'y', 'z'], PETS)).toThrow('and 1 more');
  });

  test('when several classes have the name', () => {
    expect(() => match(['crane', 'tabby'], PETS)).toThrow('crane (2 classes have this name: 3, 4; use the index)');
  });

  test('when two conventions read them differently, and taken once it is said which', () => {
    const digits = ['1', '2', '0'];
    expect(() => match(['0', '1'], digits)).toThrow('--labels name or index');
    expect(match(['0', '1'], digits, 'index')).toEqual({ convention: 'index', indices: [0, 1] });
    expect(match(['0', '1'], digits, 'name')).toEqual({ convention: 'name', indices: [2, 0] });
    expect(match(['0', '2'], ['0', '1', '2']).indices).toEqual([0, 2]);
  });
});

describe('models share classes', () => {
  const named = (name: string, classes: readonly string[]) => ({ name, classes });

  test('in the same order, or by name in another', () => {
    expect(sameClasses(named('a', PETS), named('b', PETS))).toEqual([0, 1, 2, 3, 4]);
    expect(sameClasses(named('a', ['cat', 'dog', 'eel']), named('b', ['eel', 'cat', 'dog']))).toEqual([1, 2, 0]);
  });

  test('or cannot be compared', () => {
    expect(() => sameClasses(named('a', ['cat', 'dog']), named('b', ['cat', 'eel']))).toThrow('lacks 1, as «dog»');
    expect(() => sameClasses(named('a', ['cat', 'dog']), named('b', ['cat', 'dog', 'eel']))).toThrow(
      'got 2 of a and 3 of b',
    );
  });
});
