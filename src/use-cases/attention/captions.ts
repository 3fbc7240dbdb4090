import type { AttentionMap, AttentionMaps } from './methods.ts';
import { nameOfToken } from '../../attribution/token-grid.ts';
import type { ModelInfo } from '../model-info.ts';

/** One panel of a figure: a map, the result that it belongs to, and the network. */
export interface Entry {
  readonly info: Pick<ModelInfo, 'architecture' | 'preprocessing'>;
  readonly result: AttentionMaps;
  readonly map: AttentionMap;
}

/** What a figure says. What all panels would say is said once, above or below them. */
export interface Captions {
  readonly title: string;
  readonly titleOf: (entry: Entry) => string;
  readonly quantityOf: (entry: Entry) => string;
  readonly notes: readonly string[];
}

/** @param heading default the names of the networks. */
export function captionsOf(entries: readonly Entry[], heading: string | undefined): Captions {
  const isAlone = entries.length === 1;
  const networks = new Set(entries.map(({ info }) => info.architecture));
  const isNetworkAbove = networks.size === 1;
  const classes = new Set(entries.flatMap(({ result }) => result.target?.index ?? []));
  const isClassBelow = !isAlone && classes.size === 1 && isNetworkAbove;
  const methodOf = (entry: Entry): string => methodTitle(entry, isClassBelow);
  const methods = new Set(entries.map(methodOf));
  const quantities = new Set(entries.map(({ result }) => result.quantity));
  const isMethodAbove = !isAlone && methods.size === 1;
  const isQuantityAbove = !isAlone && quantities.size === 1;
  const networkOf = ({ info }: Entry): string => (isNetworkAbove ? '' : info.architecture);
  const said = [...(isMethodAbove ? methods : []), ...(isQuantityAbove ? quantities : [])];
  return {
    title: [heading ?? [...networks].join(' and '), ...said].join(', '),
    titleOf: (entry) => titleOf(entry, [networkOf(entry), isMethodAbove ? '' : methodOf(entry)]),
    quantityOf: ({ result }) => (isQuantityAbove ? '' : result.quantity),
    notes: notesOf(entries, { isClassBelow, isNetworkAbove }),
  };
}

function titleOf({ map: { layer, head } }: Entry, said: readonly string[]): string {
  const places = [layer === undefined ? '' : `layer ${layer}`, head === undefined ? '' : `head ${head}`];
  return [...said, ...places].filter((part) => part !== '').join(', ');
}

/** Who asks with which method about what, without the place in the network. */
function methodTitle({ result: { method, target, query }, map: { head } }: Entry, isClassBelow: boolean): string {
  const of = target === undefined || isClassBelow ? '' : `: ${target.label} ${target.probability.toFixed(2)}`;
  const from = query === undefined || query === 'class' || !asks(method) ? '' : ` from ${nameOfToken(query)}`;
  return `${method}${from}${of}${head === undefined ? '' : ' by head'}`;
}

const ASKS: ReadonlySet<AttentionMaps['method']> = new Set([
  'attention',
  'rollout',
  'gradient-rollout',
  'relevance',
  'attention-gradient',
  'attention-cam',
  'token-similarity',
]);

/** Whether it matters to a method which token asks. */
export function asks(method: AttentionMaps['method']): boolean {
  return ASKS.has(method);
}

/** What a reader must not take for granted. */
function notesOf(
  entries: readonly Entry[],
  { isClassBelow, isNetworkAbove }: { readonly isClassBelow: boolean; readonly isNetworkAbove: boolean },
): string[] {
  const results = [...new Set(entries.map(({ result }) => result))];
  const ofNoClass = results.filter(({ method }) => method === 'rollout' || method === 'attention');
  const names = [...new Set(ofNoClass.map(({ method }) => method))].join(' and ');
  const notes = names === '' ? [] : [`${names}: the same for every class.`];
  const target = results.find((result) => result.target !== undefined)?.target;
  if (isClassBelow && target !== undefined) {
    notes.push(`Explained: ${target.label} ${target.probability.toFixed(3)}.`);
  }
  for (const [architecture, result] of new Map(entries.map((entry) => [entry.info.architecture, entry.result]))) {
    const prediction = result.predictions[0];
    if (prediction === undefined || (isClassBelow && prediction.index === target?.index)) continue;
    const by = isNetworkAbove ? '' : ` by ${architecture}`;
    notes.push(`Predicted${by}: ${prediction.label} ${prediction.probability.toFixed(3)}.`);
  }
  const outliers = results.flatMap((result) => result.outliers ?? []);
  if (outliers.length > 0) notes.push(`High norms at ${outliers.map((patch) => patch.join(',')).join(' ')}.`);
  return notes;
}
