/** The shortest decimal that is read back as the same float32. */
export function float32Text(value: number): string {
  const exact = Math.fround(value);
  for (let digits = 1; digits < 9; digits += 1) {
    const text = exact.toPrecision(digits);
    if (Math.fround(Number(text)) === exact) return plain(text);
  }
  return plain(exact.toPrecision(9));
}

/** Three digits, whatever the size. */
export function shortText(value: number): string {
  if (value === 0) return '0';
  const size = Math.abs(value);
  return size >= 1e-3 && size < 1e4 ? plain(value.toPrecision(3)) : value.toExponential(1);
}

/** A share as percent, as it is read: `3.1 %`. */
export function percentText(share: number): string {
  const percent = 100 * share;
  if (percent === 0) return '0 %';
  return percent < 0.05 ? '< 0.1 %' : `${percent.toFixed(1)} %`;
}

/** Without the exponent where a plain decimal is as short. */
function plain(text: string): string {
  const value = Number(text);
  const size = Math.abs(value);
  return size !== 0 && (size < 1e-6 || size >= 1e9) ? value.toExponential() : String(value);
}
