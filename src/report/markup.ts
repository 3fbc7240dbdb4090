/** Markup that is known to be safe; everything else is text, and is escaped where it meets markup. */
export class Markup {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

type Part = string | number | Markup | undefined | readonly Markup[];

/** Markup with values in it: text and numbers are escaped, markup and lists of it are taken as they are. */
export function markup(strings: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  return new Markup(strings.map((string, i) => (i === 0 ? '' : markupOf(parts[i - 1])) + string).join(''));
}

function markupOf(part: Part): string {
  if (part === undefined) return '';
  if (part instanceof Markup) return part.text;
  if (typeof part === 'object') return part.map(({ text }) => text).join('');
  return escaped(String(part));
}

/** Text for an element or a quoted attribute. */
export function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/**
 * A name from outside, as of a file or a class: its own stretch of the line whichever way its script runs, with what
 * cannot be seen written out.
 */
export function name(text: string): Markup {
  return markup`<bdi class="name">${visible(text)}</bdi>`;
}

/** Control characters, marks of direction and lone surrogates as `\u{…}`; line breaks and tabs as `\n`, `\r`, `\t`. */
export function visible(text: string): string {
  return text.replace(INVISIBLE, (character) => NAMED[character] ?? `\\u{${character.codePointAt(0)?.toString(16)}}`);
}

const INVISIBLE = /[\p{Cc}\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]|\p{Surrogate}/gu;
const NAMED: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };
