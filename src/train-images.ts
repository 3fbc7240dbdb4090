import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';

import { ArgumentError } from './errors.ts';
import { findImages } from './inputs.ts';
import type { Images } from './training/batch-ahead.ts';
import type { ImageSource, LabelledImages } from './training/labelled-images.ts';
import { imagesOnDisk, storedImages, storePixels } from './training/pixel-store.ts';
import type { StoreOptions } from './training/pixel-store.ts';

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

/** Labelled images, decoded and kept where they fit. */
export interface LoadedImages {
  readonly labelled: LabelledImages;
  readonly images: Images;
  readonly source: ImageSource;
  /** The same for the same images with the same labels. */
  readonly fingerprint: string;
}

/** @throws ImageError for an image that cannot be used; the signal's reason. */
export async function loadImages(
  labelled: LabelledImages,
  folder: string,
  options: StoreOptions,
): Promise<LoadedImages> {
  const { classes, paths, labels } = labelled;
  const hash = createHash('sha256');
  hash.update(JSON.stringify([classes, labels, paths.map((path) => relative(folder, path))]));
  const store = await storePixels(paths, options);
  if (store === undefined) {
    const images = { kind: 'files', paths } as const;
    return { labelled, images, source: imagesOnDisk(paths), fingerprint: hash.digest('hex') };
  }
  hash.update(new Uint8Array(store.pixels));
  return { labelled, images: { kind: 'stored', store }, source: storedImages(store), fingerprint: hash.digest('hex') };
}
