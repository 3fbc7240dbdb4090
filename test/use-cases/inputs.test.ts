import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { findImages, IMAGE_EXTENSIONS } from '../../src/use-cases/inputs.ts';

describe('findImages', () => {
  let root: string;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'patchlens-inputs-'));
  });

  afterEach(async () => {
    await rm(root, { recursive: true });
  });

  async function tree(...names: string[]): Promise<void> {
    for (const name of names) {
      await mkdir(dirname(join(root, name)), { recursive: true });
      await writeFile(join(root, name), '');
    }
  }

  /** Runs on paths under the temporary root and gives back paths relative to it, with forward slashes. */
  async function find(inputs: string[], options?: { recursive?: boolean }): Promise<string[]> {
    const found = await findImages(
      inputs.map((input) => join(root, input)),
      options,
    );
    return found.map((path) => relative(root, path).replaceAll('\\', '/'));
  }

  it('lists a folder in natural order, folders at their place among the files', async () => {
    await tree('10.jpg', '2.jpg', '3/b.jpg', '3/a.jpg', '1.jpg');
    expect(await find([''])).toEqual(['1.jpg', '2.jpg', '3/a.jpg', '3/b.jpg', '10.jpg']);
  });

  it('takes images only from a folder, whatever the case of the extension', async () => {
    const images = IMAGE_EXTENSIONS.map((extension, index) => `${index}.${extension}`);
    await tree(...images, 'SHOUT.JPG', 'notes.txt', 'jpg', 'archive.jpg.zip', '.hidden.jpg', '.git/x.jpg');
    expect(await find([''])).toEqual([...images, 'SHOUT.JPG']);
  });

  it('stays in the folder itself when told not to recurse', async () => {
    await tree('a.jpg', 'deep/b.jpg');
    expect(await find([''], { recursive: false })).toEqual(['a.jpg']);
  });

  it('keeps the order of the inputs and repeats what is named twice', async () => {
    await tree('z.jpg', 'a.jpg', 'd/m.jpg');
    expect(await find(['z.jpg', 'd', 'a.jpg', 'z.jpg'])).toEqual(['z.jpg', 'd/m.jpg', 'a.jpg', 'z.jpg']);
  });

  it('takes a file named outright whatever its extension, and one that is missing too', async () => {
    await tree('notes.txt');
    expect(await find(['notes.txt', 'gone.jpg'])).toEqual(['notes.txt', 'gone.jpg']);
  });

  it('expands a glob to the images it matches, in natural order', async () => {
    await tree('p/10.jpg', 'p/9.jpg', 'p/notes.txt', 'p/q/8.jpg');
    expect(await find(['p/*'])).toEqual(['p/9.jpg', 'p/10.jpg']);
    expect(await find(['p/**/*.jpg'])).toEqual(['p/9.jpg', 'p/10.jpg', 'p/q/8.jpg']);
    expect(await find(['p/{9,10}.jpg'])).toEqual(['p/9.jpg', 'p/10.jpg']);
  });

  it('finds nothing for a glob without a match', async () => {
    expect(await find(['*.jpg'])).toEqual([]);
  });

  it.each(['photo[1].jpg', 'what*.jpg', '{a,b}.jpg', '!(x).jpg'])(
    'prefers the existing file %s to the pattern it could be',
    async (name) => {
      await tree(name, 'photo1.jpg', 'whatever.jpg', 'a.jpg', 'b.jpg');
      expect(await find([name])).toEqual([name]);
    },
  );

  it('reads a pattern relative to the working directory', async () => {
    const pattern = relative(process.cwd(), join(root, '*.jpg')).replaceAll('\\', '/');
    await tree('a.jpg');
    expect(await findImages([pattern])).toEqual([pattern.replace('*', 'a')]);
  });

  it('follows links to files and folders, and a circle of links only once', async () => {
    await tree('a/1.jpg', 'elsewhere/2.jpg');
    await symlink(root, join(root, 'a/loop'));
    await symlink('../elsewhere', join(root, 'a/link'));
    await symlink('1.jpg', join(root, 'a/one.jpg'));
    expect(await find(['a'])).toEqual(['a/1.jpg', 'a/link/2.jpg', 'a/one.jpg']);
  });

  it('keeps a link that leads nowhere, to be reported as unreadable', async () => {
    await symlink('nowhere', join(root, 'dangling.jpg'));
    expect(await find([''])).toEqual(['dangling.jpg']);
    expect(await find(['dangling.jpg'])).toEqual(['dangling.jpg']);
  });
});
