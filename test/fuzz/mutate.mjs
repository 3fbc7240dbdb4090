// Inputs that are nearly right: a valid one with a few changes of the kinds that parsers get wrong.

const NUMBERS = [-1, 0, 1, 127, 128, 255, 256, 32_767, 65_535, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 53, -(2 ** 53)];

/** Bytes with up to eight changes; `words` are pieces that the format gives meaning to. */
export function mutatedBytes(random, seed, others, words) {
  let bytes = Buffer.from(seed);
  for (let count = 1 + random.below(8); count > 0; count--) bytes = changedBytes(random, bytes, others, words);
  return bytes;
}

function changedBytes(random, bytes, others, words) {
  const at = random.below(bytes.length + 1);
  const length = Math.min(1 + random.below(16), bytes.length - at);
  const splice = (piece, removed) => Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at + removed)]);
  switch (random.below(9)) {
    case 0:
      return bytes.subarray(0, at);
    case 1:
      return splice(Buffer.alloc(0), length);
    case 2:
      return splice(bytes.subarray(at, at + length), 0);
    case 3:
      return splice(Buffer.from(random.of(words)), random.of([0, length]));
    case 4:
      return splice(number(random), random.of([0, 4]));
    case 5:
      return splice(Buffer.from(String(random.of(NUMBERS))), length);
    case 6: {
      const other = random.of(others);
      const from = random.below(other.length + 1);
      return splice(Buffer.from(other.subarray(from, from + random.below(64))), length);
    }
    default: {
      if (at === bytes.length) return bytes;
      const flipped = Buffer.from(bytes);
      flipped[at] ^= 1 << random.below(8);
      return flipped;
    }
  }
}

function number(random) {
  const bytes = Buffer.alloc(4);
  const value = random.of(NUMBERS) >>> 0;
  if (random.below(2) === 0) bytes.writeUInt32LE(value);
  else bytes.writeUInt32BE(value);
  return bytes;
}

/** A parsed JSON value with one to three of its parts replaced, removed or doubled. */
export function mutatedJson(random, value) {
  const copy = structuredClone(value);
  for (let count = 1 + random.below(3); count > 0; count--) changePart(random, copy);
  return copy;
}

function changePart(random, root) {
  let holder = root;
  for (;;) {
    const keys = Object.keys(holder);
    if (keys.length === 0) return;
    const key = random.of(keys);
    const part = holder[key];
    if (typeof part === 'object' && part !== null && random.below(4) > 0) {
      holder = part;
      continue;
    }
    if (random.below(8) === 0) delete holder[key];
    else define(holder, isStrange(random, holder) ? random.of(STRANGE_KEYS) : key, strangeValue(random, part));
    return;
  }
}

function isStrange(random, holder) {
  return !Array.isArray(holder) && random.below(10) === 0;
}

/** As JSON.parse does, for which `__proto__` is a name like any other. */
function define(holder, key, value) {
  Object.defineProperty(holder, key, { value, enumerable: true, configurable: true, writable: true });
}

const STRANGE_KEYS = ['__proto__', 'constructor', 'length', '', 'toString'];

function strangeValue(random, part) {
  const values = [
    null,
    true,
    '',
    'x'.repeat(1000),
    [],
    {},
    [part, part],
    { part },
    0.5,
    1e308,
    '1e9',
    '../../x',
    '\u001b[2J',
  ];
  return random.below(2) === 0 ? random.of(NUMBERS) : random.of(values);
}
