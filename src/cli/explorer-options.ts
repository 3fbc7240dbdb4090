import { InvalidArgumentError, Option } from 'commander';

import type { ExploreOptions, StepsPlace } from '../index.ts';
import type { MapFlags } from './attention-options.ts';
import { positiveInteger } from './options.ts';

/** How the explorer page is made, as flags say it. */
export interface ExplorerFlags {
  readonly steps?: readonly StepsPlace[] | 'all';
  readonly topK?: number;
}

export function explorerOptions(): Option[] {
  return [
    new Option(
      '--steps <list>',
      'exact numbers of layers or layer:head: 11, 0,5:2, all, none (default: the last layer)',
    ).argParser(steps),
    new Option('--top-k <n>', 'how many of the likeliest classes it explains (default: 5)').argParser(positiveInteger),
  ].map((option) => option.helpGroup('Page (.html):'));
}

/** The library's options for one page. A target that is a whole number is an index, anything else a label. */
export function exploreOptions(
  { layer, query, target, steps: places, topK }: ExplorerFlags & MapFlags,
  depth: number,
): ExploreOptions {
  return {
    layers: layer,
    query,
    topK,
    target: target !== undefined && /^\d+$/.test(target) ? Number(target) : target,
    steps: places === 'all' ? Array.from({ length: depth }, (_, i) => ({ layer: i })) : places,
  };
}

function steps(value: string): readonly StepsPlace[] | 'all' {
  if (value === 'all') return 'all';
  if (value === 'none') return [];
  return value.split(',').map((part) => {
    const [, layer, head] = /^(\d{1,4})(?::(\d{1,4}))?$/.exec(part) ?? [];
    if (layer === undefined) throw new InvalidArgumentError('Expected as 11, 0,5:2, all or none.');
    return { layer: Number(layer), head: head === undefined ? undefined : Number(head) };
  });
}
