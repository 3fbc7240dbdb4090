import { markup, visible } from '../markup.ts';
import type { Markup } from '../markup.ts';
import { GLYPHS } from './glyphs.ts';

/** Text of an SVG: letters of the reader's own font, or strokes, where the picture may be drawn without any font. */
export type Lettering = 'font' | 'strokes';

export interface TextOptions {
  readonly x: number;
  /** Of the base line. */
  readonly y: number;
  /** Height of a line in pixels. */
  readonly size: number;
  readonly anchor?: 'start' | 'middle' | 'end' | undefined;
  readonly colour: string;
  /** More than this is cut, with an ellipsis. */
  readonly maxWidth?: number | undefined;
}

export function text(given: string, options: TextOptions, lettering: Lettering): Markup {
  const line = fitted(visible(given), options);
  return lettering === 'font' ? fontText(line, options) : strokeText(line, options);
}

function fontText(line: string, { x, y, size, anchor = 'start', colour }: TextOptions): Markup {
  return markup`<text x="${rounded(x)}" y="${rounded(y)}" font-size="${size}" text-anchor="${anchor}" fill="${colour}">${line}</text>`;
}

/** From the top of a capital letter to its base line, in the units of the glyphs. */
const CAPITAL = 21;
const BASE_LINE = 9;
const ORIGIN = 'R'.charCodeAt(0);
/** Share of a line's height that a capital letter takes. */
const CAPITAL_SHARE = 0.68;

function strokeText(line: string, { x, y, size, anchor = 'start', colour }: TextOptions): Markup {
  const scale = (size * CAPITAL_SHARE) / CAPITAL;
  const shift = { start: 0, middle: 0.5, end: 1 }[anchor] * strokeWidth(line) * scale;
  const parts: string[] = [];
  let pen = 0;
  for (const character of line) {
    const glyph = glyphOf(character);
    parts.push(glyphPath(glyph, (dx, dy) => `${rounded(x - shift + (pen + dx) * scale)} ${rounded(y + dy * scale)}`));
    pen += glyph.width;
  }
  const weight = rounded(size / 10);
  return markup`<path d="${parts.join('')}" fill="none" stroke="${colour}" stroke-width="${weight}" stroke-linecap="round" stroke-linejoin="round"><title>${line}</title></path>`;
}

interface Glyph {
  readonly code: string;
  readonly left: number;
  readonly width: number;
}

function glyphOf(character: string): Glyph {
  // «é» is drawn as «e»; what has no letter of ours at all is a question mark.
  const plain = character.normalize('NFD').codePointAt(0) ?? 0;
  const code = GLYPHS[plain - 32] ?? GLYPHS['?'.charCodeAt(0) - 32]!;
  const left = code.charCodeAt(0) - ORIGIN;
  return { code, left, width: code.charCodeAt(1) - ORIGIN - left };
}

function glyphPath({ code, left }: Glyph, place: (x: number, y: number) => string): string {
  let command = 'M';
  let path = '';
  for (let i = 2; i + 1 < code.length; i += 2) {
    if (code[i] === ' ' && code[i + 1] === 'R') {
      command = 'M';
      continue;
    }
    path += `${command}${place(code.charCodeAt(i) - ORIGIN - left, code.charCodeAt(i + 1) - ORIGIN - BASE_LINE)}`;
    command = 'L';
  }
  return path;
}

function strokeWidth(line: string): number {
  return Array.from(line).reduce((width, character) => width + glyphOf(character).width, 0);
}

/** One line, or two where it is broken between words to fit into a width; the second may still be too long. */
export function wrapped(line: string, { size, maxWidth }: Required<Pick<TextOptions, 'size' | 'maxWidth'>>): string[] {
  const fits = (part: string): boolean => fitted(part, { size, maxWidth }) === part;
  if (fits(line)) return [line];
  const words = line.split(' ');
  const count = words.findLastIndex((_, i) => i > 0 && fits(words.slice(0, i).join(' ')));
  return count < 1 ? [line] : [words.slice(0, count).join(' '), words.slice(count).join(' ')];
}

/** By the width of the strokes, which is a little more than that of most fonts. */
function fitted(line: string, { size, maxWidth }: Pick<TextOptions, 'size' | 'maxWidth'>): string {
  if (maxWidth === undefined) return line;
  const widest = maxWidth / ((size * CAPITAL_SHARE) / CAPITAL);
  if (strokeWidth(line) <= widest) return line;
  const characters = Array.from(line);
  while (characters.length > 1 && strokeWidth(`${characters.join('')}...`) > widest) characters.pop();
  return `${characters.join('').trimEnd()}...`;
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
