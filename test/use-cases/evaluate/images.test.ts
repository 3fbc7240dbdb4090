import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { findLabelledImages } from '../../../src/use-cases/evaluate/images.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'patchlens-labelled-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function file(name: string, text = ''): Promise<string> {
  const path = join(folder, name);
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, text);
  return path;
}

describe('a labelled folder', () => {
  test('gives each image the name of the folder below it, however deep it lies', async () => {
    for (const name of ['cat/2.jpg', 'cat/10.jpg', 'dog/old/a.png', 'loose.jpg', 'cat/notes.txt']) await file(name);
    const found = await findLabelledImages(folder);
    expect(found).toEqual([
      { path: join(folder, 'cat/2.jpg'), label: 'cat' },
      { path: join(folder, 'cat/10.jpg'), label: 'cat' },
      { path: join(folder, 'dog/old/a.png'), label: 'dog' },
      { path: join(folder, 'loose.jpg') },
    ]);
    const unlabelled = await findLabelledImages(folder, { labels: false });
    expect(unlabelled.every(({ label }) => label === undefined)).toBe(true);
  });

  test('that is not there is an error, and an empty one is empty', async () => {
    expect(await findLabelledImages(folder)).toEqual([]);
    await expect(findLabelledImages(join(folder, 'none'))).rejects.toThrow(
      'expected a folder or a CSV file, got no such file',
    );
  });
});

describe('a CSV file', () => {
  test('names images beside it, with or without a head, quoted names and all', async () => {
    const rows = '"a, ""b"".jpg",cat\n"new\nline.jpg",dog\n/abs.jpg,\n';
    const expected = [
      { path: join(folder, 'a, "b".jpg'), label: 'cat' },
      { path: join(folder, 'new\nline.jpg'), label: 'dog' },
      { path: '/abs.jpg', label: undefined },
    ];
    expect(await findLabelledImages(await file('bare.csv', rows))).toEqual(expected);
    expect(await findLabelledImages(await file('head.csv', `\ufeffPath,Label\n${rows}`))).toEqual(expected);
    const turned = await file('turned.csv', 'label,size,path\ncat,7,x.jpg\n');
    expect(await findLabelledImages(turned)).toEqual([{ path: join(folder, 'x.jpg'), label: 'cat' }]);
  });

  test('counts an image once, and refuses it with two labels', async () => {
    const twice = await file('twice.csv', 'x.jpg,cat\n./x.jpg,cat\n');
    expect(await findLabelledImages(twice)).toHaveLength(1);
    const both = await file('both.csv', 'x.jpg,cat\nx.jpg,dog\n');
    await expect(findLabelledImages(both)).rejects.toThrow('x.jpg: expected one label, got cat and dog');
  });

  test('that is none is an error', async () => {
    await expect(findLabelledImages(await file('a.csv', 'x.jpg,"cat\n'))).rejects.toThrow(
      'expected a CSV file of path,label',
    );
    await expect(findLabelledImages(await file('b.csv', 'path,label\n,cat\n'))).rejects.toThrow(
      'row 2: expected path,label',
    );
  });
});
