import type { Comparison } from './comparison.ts';

/** Names for the models of a comparison that are short and tell them apart: the ends of their paths. */
export function shortNames({ models }: Pick<Comparison, 'models'>): string[] {
  const parts = models.map(({ name }) => name.split(/[\\/]/).filter((part) => part !== ''));
  const longest = Math.max(1, ...parts.map(({ length }) => length));
  for (let length = 1; length <= longest; length += 1) {
    const names = parts.map((path) => path.slice(-length).join('/'));
    if (new Set(names).size === names.length && !names.includes('')) return names;
  }
  // The same model twice.
  return parts.map((path, i) => `${path.at(-1) ?? 'model'} (${i + 1})`);
}
