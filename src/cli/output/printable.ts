/**
 * Text from outside (file names, labels, messages) made safe for a terminal: whatever would move the cursor, start an
 * escape sequence, reverse the reading direction or stay invisible is shown as an escape and not acted on.
 */
export function printable(text: string): string {
  return text.replace(UNSAFE, (character) => NAMED[character] ?? escapeOf(character));
}

/** JSON on one line that is safe to look at in a terminal; parsing it gives the very same text back. */
export function printableJson(value: unknown): string {
  return JSON.stringify(value).replace(UNSAFE, jsonEscape);
}

// Controls (C0, DEL, C1), line and paragraph separators, bidirectional marks and overrides, zero-width space and byte
// order mark, interlinear and tag characters, lone surrogates. Joiners stay: emoji and several scripts are spelt with them.
const UNSAFE =
  /[\p{Cc}\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]|\p{Surrogate}/gu;

const NAMED: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function escapeOf(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return code <= 0xff ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
}

// JSON knows only four digits, so a character beyond them is written as its two halves.
function jsonEscape(character: string): string {
  const units = Array.from({ length: character.length }, (_, index) => character.charCodeAt(index));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('');
}
