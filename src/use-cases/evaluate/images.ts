import { readFile, stat } from 'node:fs/promises';
import { dirname, relative, resolve } from 'node:path';

import { parse } from 'csv-parse/sync';

import { ArgumentError } from '../../errors.ts';
import { findImages } from '../inputs.ts';

/** An image of a data set. */
export interface LabelledImage {
  readonly path: string;
  /** As the data set writes it; undefined where it says nothing. */
  readonly label?: string | undefined;
}

export interface FindLabelledOptions {
  /** Take the names of folders for labels; default true. */
  readonly labels?: boolean | undefined;
}

/**
 * The images of a data set and their labels: a folder with a folder for each class, `<folder>/<class>/…`, or a CSV file of
 * `path,label` with paths relative to it. An image right in the folder has no label. Each image is there once.
 *
 * @throws ArgumentError for a CSV file that cannot be read as one, and for an image with two labels.
 */
export async function findLabelledImages(source: string, options: FindLabelledOptions = {}): Promise<LabelledImage[]> {
  const { labels = true } = options;
  const isFolder = await stat(source).then(
    (found) => found.isDirectory(),
    () => undefined,
  );
  if (isFolder === undefined) throw new ArgumentError(`${source}: expected a folder or a CSV file, got no such file`);
  const found = isFolder ? await imagesOf(source) : await csvImages(source);
  return once(found).map(({ path, label }) => (labels ? { path, label } : { path }));
}

async function imagesOf(folder: string): Promise<LabelledImage[]> {
  const found = await findImages([folder]);
  return found.map((path) => {
    const [label, ...inside] = relative(folder, path).split(/[\\/]/);
    return inside.length === 0 ? { path } : { path, label };
  });
}

/** Far more rows than images that anyone evaluates at a time. */
const MAX_CSV_BYTES = 256 * 2 ** 20;

async function csvImages(file: string): Promise<LabelledImage[]> {
  const { size } = await stat(file);
  if (size > MAX_CSV_BYTES)
    throw new ArgumentError(`${file}: expected a CSV file of at most ${MAX_CSV_BYTES} bytes, got ${size}`);
  const rows = rowsOf(file, await readFile(file, 'utf8'));
  const [head] = rows;
  const named = { path: head?.findIndex(isNamed('path')) ?? -1, label: head?.findIndex(isNamed('label')) ?? -1 };
  const hasHead = named.path >= 0;
  const place = hasHead ? named : { path: 0, label: 1 };
  return rows.slice(Number(hasHead)).map((row, i) => {
    const path = row[place.path];
    if (path === undefined || path === '') {
      throw new ArgumentError(`${file}, row ${i + 1 + Number(hasHead)}: expected path,label, got no path`);
    }
    const label = row[place.label];
    return { path: resolve(dirname(file), path), label: label === '' ? undefined : label };
  });
}

function isNamed(name: string): (cell: string) => boolean {
  return (cell) => cell.trim().toLowerCase() === name;
}

function rowsOf(file: string, text: string): string[][] {
  try {
    return parse(text, { bom: true, skip_empty_lines: true, relax_column_count: true });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ArgumentError(`${file}: expected a CSV file of path,label (${reason})`, { cause });
  }
}

/** An image listed twice must not count twice; with two labels nobody can say which it is. */
function once(images: readonly LabelledImage[]): LabelledImage[] {
  const byPath = new Map<string, LabelledImage>();
  for (const image of images) {
    const key = resolve(image.path);
    const known = byPath.get(key);
    if (known !== undefined && known.label !== image.label) {
      throw new ArgumentError(`${image.path}: expected one label, got ${known.label} and ${image.label}`);
    }
    if (known === undefined) byPath.set(key, image);
  }
  return [...byPath.values()];
}
