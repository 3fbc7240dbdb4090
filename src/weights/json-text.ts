/**
 * What a JSON text is made of, seen before a parser takes memory for it: 32 MiB of opening brackets become more than a
 * gigabyte of arrays. Of a text that is no JSON it says something, and the parser says the rest.
 */
export interface JsonOutline {
  /** Brackets open at once, at most. */
  readonly depth: number;
  /** The names of the outermost object's members, as often as they are there; JSON.parse keeps the last of each. */
  readonly names: readonly string[];
}

/** Reads the outline of a JSON text in one pass. */
export function outlineOf(text: string): JsonOutline {
  const names: string[] = [];
  let depth = 0;
  let deepest = 0;
  for (let at = 0; at < text.length; at++) {
    switch (text[at]) {
      case '"': {
        const end = endOfString(text, at);
        if (depth === 1 && isFollowedByColon(text, end)) names.push(text.slice(at, end));
        at = end - 1;
        break;
      }
      case '{':
      case '[':
        deepest = Math.max(deepest, ++depth);
        break;
      case '}':
      case ']':
        depth--;
        break;
    }
  }
  return { depth: deepest, names: names.map(unescaped) };
}

/** The position after the closing quote of the string that opens at `start`. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === '"') return at + 1;
    if (text[at] === '\\') at++;
  }
  return text.length;
}

function isFollowedByColon(text: string, from: number): boolean {
  let at = from;
  while (' \t\r\n'.includes(text[at] ?? '.')) at++;
  return text[at] === ':';
}

/** `"a\u0062"` and `"ab"` are one name. */
function unescaped(quoted: string): string {
  try {
    return String(JSON.parse(quoted));
  } catch {
    return quoted;
  }
}
