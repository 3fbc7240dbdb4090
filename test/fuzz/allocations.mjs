// Counts what typed arrays are asked for, so that a size that lies is seen even where the machine could serve it.

let largest = 0;

for (const name of ['ArrayBuffer', 'Uint8Array', 'Float32Array', 'Float64Array', 'Uint16Array', 'Int32Array']) {
  globalThis[name] = new Proxy(globalThis[name], {
    construct(target, [first, ...rest], made) {
      const bytes = typeof first === 'number' ? first * (target.BYTES_PER_ELEMENT ?? 1) : 0;
      if (bytes > largest) largest = bytes;
      return Reflect.construct(target, [first, ...rest], made);
    },
  });
}

/** The largest array, in bytes, since the last call. */
export function takeLargest() {
  const taken = largest;
  largest = 0;
  return taken;
}
