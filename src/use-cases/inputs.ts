import { lstat, readdir, realpath, stat } from 'node:fs/promises';
import { extname, isAbsolute, join } from 'node:path';

/** What counts as an image when a folder or a glob is searched; a file named outright is taken whatever its name. */
export const IMAGE_EXTENSIONS = ['jpg', 'jpeg', 'png', 'webp', 'avif', 'gif', 'tif', 'tiff', 'svg', 'bmp'] as const;

export interface FindImagesOptions {
  /** Descend into the folders of a folder; true unless said otherwise. A glob says it itself, with `**`. */
  recursive?: boolean;
}

/**
 * The image files that a list of files, folders and glob patterns names, in the order of the list; within a folder or a
 * glob in natural order (`2.jpg` before `10.jpg`). Names that begin with a dot are passed over.
 *
 * A path that exists is taken as it is, even when it could be read as a pattern. One that does not exist and is no
 * pattern either is returned too, so that a caller meets it as one bad image among many and not as the end of a batch.
 */
export async function findImages(inputs: readonly string[], options: FindImagesOptions = {}): Promise<string[]> {
  const { recursive = true } = options;
  const found: string[] = [];
  for (const input of inputs) {
    const kind = await kindOf(input);
    if (kind === 'folder') await searchFolder(input, recursive, found, new Set());
    else if (kind === 'missing' && isPattern(input)) found.push(...(await matchPattern(input)));
    else found.push(input);
  }
  return found;
}

type Kind = 'folder' | 'file' | 'missing';

async function kindOf(path: string): Promise<Kind> {
  try {
    return (await stat(path)).isDirectory() ? 'folder' : 'file';
  } catch {
    // A link that leads nowhere is still a name that somebody meant, never a pattern.
    return lstat(path).then(
      () => 'file',
      () => 'missing',
    );
  }
}

/** Appends the images under `folder`; `visited` holds real paths, so that links in a circle are followed once. */
async function searchFolder(folder: string, recursive: boolean, found: string[], visited: Set<string>): Promise<void> {
  const entries = await entriesOf(folder, visited);
  // What cannot be listed stays in the list: opening it will say why, and the rest of the batch goes on.
  if (entries === undefined) {
    found.push(folder);
    return;
  }
  for (const entry of entries) {
    if (entry.name.startsWith('.')) continue;
    const path = join(folder, entry.name);
    const isFolder = entry.isDirectory() || (entry.isSymbolicLink() && (await kindOf(path)) === 'folder');
    if (isFolder && recursive) await searchFolder(path, recursive, found, visited);
    else if (!isFolder && hasImageExtension(path)) found.push(path);
  }
}

async function entriesOf(folder: string, visited: Set<string>) {
  try {
    const real = await realpath(folder);
    if (visited.has(real)) return [];
    visited.add(real);
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.toSorted((a, b) => naturalOrder(a.name, b.name));
  } catch {
    return undefined;
  }
}

async function matchPattern(pattern: string): Promise<string[]> {
  const { glob } = await import('tinyglobby');
  // Patterns are written with forward slashes; a Windows shell hands over its own kind.
  const portable = process.platform === 'win32' ? pattern.replaceAll('\\', '/') : pattern;
  const matches = await glob(portable, { absolute: isAbsolute(pattern), expandDirectories: false });
  return matches.filter(hasImageExtension).toSorted(naturalOrder);
}

function isPattern(input: string): boolean {
  return /[*?]|\[.+\]|\{.+\}|[@+!]\(.+\)/.test(input);
}

const extensions = new Set<string>(IMAGE_EXTENSIONS);

function hasImageExtension(path: string): boolean {
  return extensions.has(extname(path).slice(1).toLowerCase());
}

// One fixed locale, so that the order of a batch does not depend on whose machine it runs on; names which the collator
// holds equal are told apart by their code units.
const collator = new Intl.Collator('en', { numeric: true });

function naturalOrder(a: string, b: string): number {
  return collator.compare(a, b) || (a < b ? -1 : Number(a > b));
}
