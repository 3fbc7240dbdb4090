/** How many terminal columns `text` takes: two for wide East Asian characters and emoji, none for what only modifies. */
export function displayWidth(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;
  let width = 0;
  for (const { segment } of graphemes.segment(text)) width += columnsOf(segment);
  return width;
}

/**
 * `text` in at most `width` columns. What is too long loses its end, or, with `keep: 'end'`, its beginning: of a path
 * the file name tells most.
 */
export function fit(text: string, width: number, { keep = 'start' }: { keep?: 'start' | 'end' } = {}): string {
  if (displayWidth(text) <= width) return text;
  const segments = Array.from(graphemes.segment(text), ({ segment }) => segment);
  const kept: string[] = [];
  let room = width - 1;
  for (const segment of keep === 'start' ? segments : segments.toReversed()) {
    room -= columnsOf(segment);
    if (room < 0) break;
    kept.push(segment);
  }
  return keep === 'start' ? `${kept.join('')}…` : `…${kept.toReversed().join('')}`;
}

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

const WIDE =
  /\p{Emoji_Presentation}|\ufe0f|[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}\u3000-\u303e\uff01-\uff60\uffe0-\uffe6]/u;

function columnsOf(grapheme: string): number {
  if (/^\p{Mark}+$/u.test(grapheme)) return 0;
  return WIDE.test(grapheme) ? 2 : 1;
}
