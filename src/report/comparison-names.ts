import type { Comparison } from './comparison.ts';

/** What every checkpoint's file is called, so that its folder is what tells it from others. */
const USUAL_FILES = new Set(['model.safetensors', 'model.safetensors.index.json', 'model.json']);

/** Names for the models of a comparison: the last parts of their paths, of each as many as tell it from the others. */
export function shortNames({ models }: Pick<Comparison, 'models'>): string[] {
  const paths = models.map(({ name }) => modelParts(name));
  const lengths = paths.map(() => 1);
  const names = () => paths.map((parts, i) => parts.slice(-lengths[i]!).join('/'));
  for (;;) {
    const shown = names();
    const longer = paths.flatMap(({ length }, i) => (isTaken(shown, i) && lengths[i]! < length ? [i] : []));
    if (longer.length === 0) break;
    for (const i of longer) lengths[i]! += 1;
  }
  const shown = names();
  // The same model twice is told by its place.
  return paths.map((parts, i) =>
    isTaken(shown, i) || shown[i] === '' ? `${parts.at(-1) ?? 'model'} (${i + 1})` : shown[i]!,
  );
}

function modelParts(name: string): string[] {
  const parts = partsOf(name).filter((part) => part !== '');
  return parts.length > 1 && USUAL_FILES.has(parts.at(-1)!) ? parts.slice(0, -1) : parts;
}

function isTaken(names: readonly string[], place: number): boolean {
  return names.some((name, i) => i !== place && name === names[place]);
}

/** The last part of where the images were found. */
export function sourceName({ data }: Pick<Comparison, 'data'>): string {
  return folderParts(data.source).at(-1) || data.source;
}

/**
 * What images are called by their paths: the path from the folder that was compared or, where one lies outside it, as those
 * of a list may, from the folder that holds all that are shown.
 */
export function imageNames({ data, pairs }: Pick<Comparison, 'data' | 'pairs'>): (path: string) => string {
  const images = [...pairs.flatMap(({ mostDifferent }) => mostDifferent), ...data.failures];
  const folders = images.map(({ path }) => partsOf(path).slice(0, -1));
  const source = folderParts(data.source);
  const depth = folders.every((parts) => sharedDepth(parts, source) === source.length)
    ? source.length
    : folders.slice(1).reduce((least, parts) => Math.min(least, sharedDepth(parts, folders[0]!)), folders[0]!.length);
  return (path) => path.slice(partsOf(path).slice(0, depth).join('/').length + Math.min(depth, 1));
}

/** Both kinds of slash divide paths on Windows; elsewhere a backslash is rare enough. */
function partsOf(path: string): string[] {
  return path.split(/[\\/]/);
}

/** Without what names no folder: `./photos/` is `photos`, and only an absolute path begins with an empty part. */
function folderParts(path: string): string[] {
  return partsOf(path).filter((part, i) => part !== '.' && (part !== '' || i === 0));
}

function sharedDepth(a: readonly string[], b: readonly string[]): number {
  const end = a.findIndex((part, i) => part !== b[i]);
  return end < 0 ? a.length : end;
}
