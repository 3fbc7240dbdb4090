import { ArgumentError } from '../../errors.ts';
import { IMAGENET_1K } from '../../labels/imagenet-1k.ts';

/** How a data set writes its classes: a WordNet synset, a name, an index, or the order of its folders as torchvision's `ImageFolder`. */
const LABEL_CONVENTIONS = ['synset', 'name', 'index', 'order'] as const;
export type LabelConvention = (typeof LABEL_CONVENTIONS)[number];

export interface ClassMatch {
  readonly convention: LabelConvention;
  /** Index of the model's class for each label of the data set. */
  readonly indexOf: ReadonlyMap<string, number>;
}

/** A label of a data set → the classes that it may mean. */
type Reading = (label: string) => readonly number[];

/**
 * Finds the class of a model that each label of a data set means. `auto` takes the convention that reads every label;
 * `order` is only taken when asked for, since any names would fit it.
 *
 * @throws ArgumentError when a label means no class or several, or two conventions read the labels differently.
 */
export function matchClasses(
  labels: Iterable<string>,
  classes: readonly string[],
  convention: LabelConvention | 'auto' = 'auto',
): ClassMatch {
  const distinct = [...new Set(labels)];
  if (convention === 'order') return inOrder(distinct, classes);
  const readings = { synset: bySynset(classes), name: byName(classes), index: byIndex(classes) };
  const tried = convention === 'auto' ? (['synset', 'name', 'index'] as const) : ([convention] as const);
  const attempts = tried.map((name) => attempt(name, readings[name], distinct));
  const whole = attempts.filter(({ failures }) => failures.length === 0);
  const [first, ...others] = whole;
  if (first === undefined) throw unmatched(attempts, classes);
  for (const other of others) checkSame(first, other, classes);
  return { convention: first.convention, indexOf: first.indexOf };
}

interface Attempt extends ClassMatch {
  readonly failures: readonly { readonly label: string; readonly meanings: readonly number[] }[];
}

function attempt(convention: LabelConvention, reading: Reading, labels: readonly string[]): Attempt {
  const indexOf = new Map<string, number>();
  const failures: { label: string; meanings: readonly number[] }[] = [];
  for (const label of labels) {
    const meanings = reading(label);
    if (meanings.length === 1) indexOf.set(label, meanings[0]!);
    else failures.push({ label, meanings });
  }
  return { convention, indexOf, failures };
}

function bySynset(classes: readonly string[]): Reading {
  if (!isImageNet(classes)) return () => [];
  const positions = new Map(IMAGENET_1K.map(([synset], index) => [synset, index]));
  return (label) => {
    const index = positions.get(label);
    return index === undefined ? [] : [index];
  };
}

function byIndex(classes: readonly string[]): Reading {
  return (label) => (/^\d{1,9}$/.test(label) && Number(label) < classes.length ? [Number(label)] : []);
}

/** By a class's whole name first, «tench, Tinca tinca», and only then by one of its synonyms. */
function byName(classes: readonly string[]): Reading {
  const whole = new Map<string, number[]>();
  const parts = new Map<string, number[]>();
  for (const [index, name] of classes.entries()) {
    file(whole, normalised(name), index);
    for (const synonym of synonymsOf(name)) file(parts, synonym, index);
  }
  return (label) => whole.get(normalised(label)) ?? parts.get(normalised(label)) ?? [];
}

function file(register: Map<string, number[]>, name: string, index: number): void {
  const known = register.get(name);
  if (known === undefined) register.set(name, [index]);
  else if (known.at(-1) !== index) known.push(index);
}

function synonymsOf(name: string): Set<string> {
  return new Set(name.split(',').map(normalised));
}

/** Case, accents of width and whatever is neither letter nor number do not tell classes apart: `great_white-shark`. */
function normalised(name: string): string {
  return name
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}]+/gu, ' ')
    .trim();
}

function inOrder(labels: readonly string[], classes: readonly string[]): ClassMatch {
  if (labels.length !== classes.length) {
    throw new ArgumentError(
      `labels: expected a folder for each of the model's ${classes.length} classes to take them in order, got ${labels.length}`,
    );
  }
  // Code units, as Python sorts.
  const sorted = labels.toSorted((a, b) => (a < b ? -1 : 1));
  return { convention: 'order', indexOf: new Map(sorted.map((label, index) => [label, index])) };
}

function checkSame(first: Attempt, other: Attempt, classes: readonly string[]): void {
  for (const [label, index] of first.indexOf) {
    const otherwise = other.indexOf.get(label)!;
    if (otherwise === index) continue;
    throw new ArgumentError(
      `label ${label}: expected to mean one class, got «${classes[index]}» as ${first.convention} and ` +
        `«${classes[otherwise]}» as ${other.convention}. Say which with --labels ${first.convention} or ${other.convention}.`,
    );
  }
}

const SHOWN = 5;

function unmatched(attempts: readonly Attempt[], classes: readonly string[]): ArgumentError {
  const best = attempts.reduce((a, b) => (b.failures.length < a.failures.length ? b : a));
  const { convention, failures, indexOf } = best;
  // Where nothing at all was read, there is no saying how the labels were meant.
  const expected =
    indexOf.size === 0 && attempts.length > 1 ? 'a class by name, index or synset' : `a class by ${convention}`;
  const details = failures
    .slice(0, SHOWN)
    .map(({ label, meanings }) =>
      meanings.length > 1
        ? `${label} (${meanings.length} classes have this name: ${meanings.join(', ')}; use the index)`
        : label + suggestion(label, classes),
    );
  const rest = failures.length > SHOWN ? ` and ${failures.length - SHOWN} more` : '';
  return new ArgumentError(
    `labels: expected ${expected} of the model's ${classes.length}, got ${details.join(', ')}${rest}`,
  );
}

function suggestion(label: string, classes: readonly string[]): string {
  const ranked = classes
    .map((name, index) => ({ name, index, likeness: likeness(normalised(label), normalised(name)) }))
    .filter((candidate) => candidate.likeness > 0.3)
    .toSorted((a, b) => b.likeness - a.likeness)
    .slice(0, 3);
  return ranked.length === 0 ? '' : ` (nearest: ${ranked.map(({ name, index }) => `${index} ${name}`).join('; ')})`;
}

/** Share of letter pairs that two names have in common (Dice's coefficient), 0…1. */
function likeness(a: string, b: string): number {
  const [first, second] = [pairsOf(a), pairsOf(b)];
  const shared = [...first].filter((pair) => second.has(pair)).length;
  return first.size + second.size === 0 ? 0 : (2 * shared) / (first.size + second.size);
}

function pairsOf(text: string): Set<string> {
  return new Set(Array.from(` ${text}`, (_, i) => ` ${text} `.slice(i, i + 2)));
}

/** Publishers name some classes of ImageNet differently; nine in ten alike is no accident. */
const ENOUGH_ALIKE = 0.9;

function isImageNet(classes: readonly string[]): boolean {
  return isSameList(
    classes,
    IMAGENET_1K.map(([, name]) => name),
  );
}

function isSameList(first: readonly string[], second: readonly string[]): boolean {
  if (first.length !== second.length) return false;
  const alike = first.filter((name, i) => {
    const names = synonymsOf(second[i]!);
    return [...synonymsOf(name)].some((synonym) => names.has(synonym));
  }).length;
  return alike >= ENOUGH_ALIKE * first.length;
}

/**
 * Where each class of one model stands among another's, so that their answers can be compared: the same index where both
 * name their classes in the same order, else by name.
 *
 * @throws ArgumentError when the models do not tell the same classes apart.
 */
export function sameClasses(
  first: { readonly name: string; readonly classes: readonly string[] },
  second: { readonly name: string; readonly classes: readonly string[] },
): readonly number[] {
  if (isSameList(first.classes, second.classes)) return [...first.classes.keys()];
  const reading = byName(second.classes);
  const places = first.classes.map((name) => reading(name));
  const missing = first.classes.filter((_, i) => places[i]?.length !== 1);
  const isOneToOne = new Set(places.flat()).size === second.classes.length;
  if (missing.length === 0 && isOneToOne && first.classes.length === second.classes.length) return places.flat();
  const example = missing.length === 0 ? '' : `, as «${missing[0]}»`;
  throw new ArgumentError(
    `models: expected the same classes, got ${first.classes.length} of ${first.name} and ${second.classes.length} of ` +
      `${second.name}, which lacks ${missing.length}${example}. Only models of the same classes can be compared.`,
  );
}
