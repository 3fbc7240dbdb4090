import { createHash } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';

import { ArgumentError } from '../../errors.ts';
import { findImages } from '../inputs.ts';
import type { ImageSource, LabelledImages } from '../../training/labelled-images.ts';
import { imagesOnDemand } from '../../training/pixel-store.ts';
import type { ImageFiles } from '../../training/pixel-store.ts';

/**
 * The images of a folder of folders, `<folder>/<class>/…`, each class named by its folder, in alphabetical order.
 *
 * @throws ArgumentError when there are fewer than two classes, or one without an image.
 */
export async function labelledFolder(folder: string): Promise<LabelledImages> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((cause: unknown) => {
    throw new ArgumentError(`${folder}: expected a folder with a folder of images for each class`, { cause });
  });
  const classes = entries
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .map(({ name }) => name)
    .toSorted();
  if (classes.length < 2) {
    throw new ArgumentError(
      `${folder}: expected at least two folders, one for each class, got ${classes.length}. Put images in <folder>/<class>/.`,
    );
  }
  const paths: string[] = [];
  const labels: number[] = [];
  for (const [label, name] of classes.entries()) {
    const found = await findImages([join(folder, name)]);
    if (found.length === 0) {
      throw new ArgumentError(
        `${join(folder, name)}: expected images of the class ${name}, got none. Remove the folder.`,
      );
    }
    paths.push(...found);
    for (let i = 0; i < found.length; i += 1) labels.push(label);
  }
  return { classes, paths, labels };
}

/** Labelled images with what reads them. */
export interface LoadedImages {
  readonly labelled: LabelledImages;
  readonly files: ImageFiles;
  readonly source: ImageSource;
  /** The same for files of the same names and sizes with the same labels. */
  readonly fingerprint: string;
}

/** Files looked at at once. */
const AT_ONCE = 64;

/**
 * Nothing is decoded yet: that of many images takes minutes, in which steps can be taken.
 *
 * @param keptBytes of decoded pixels.
 * @throws ArgumentError for a file that cannot be read.
 */
export async function loadImages(labelled: LabelledImages, folder: string, keptBytes: number): Promise<LoadedImages> {
  const { classes, paths, labels } = labelled;
  const files = { paths, keptBytes };
  const hash = createHash('sha256');
  hash.update(JSON.stringify([classes, labels, paths.map((path) => relative(folder, path))]));
  for (let start = 0; start < paths.length; start += AT_ONCE) {
    hash.update(JSON.stringify(await Promise.all(paths.slice(start, start + AT_ONCE).map(sizeOf))));
  }
  return { labelled, files, source: imagesOnDemand(files), fingerprint: hash.digest('hex') };
}

async function sizeOf(path: string): Promise<number> {
  const { size } = await stat(path).catch((cause: unknown) => {
    throw new ArgumentError(`${path}: expected an image file that can be read`, { cause });
  });
  return size;
}
