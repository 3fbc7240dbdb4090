/** P(X > x) of the χ² distribution with one degree of freedom: Q(½, x/2), the regularised upper incomplete gamma function. */
export function chiSquareTail(x: number): number {
  if (!(x > 0)) return 1;
  const half = x / 2;
  const scale = Math.exp(-half) * Math.sqrt(half / Math.PI); // e⁻ʰ h^½ / Γ(½)
  return half < 1.5 ? 1 - scale * lowerSeries(half) : scale * upperFraction(half);
}

/** Σ hⁿ / (½ · 3/2 · … · (½ + n)), which converges fast for small h. */
function lowerSeries(h: number): number {
  let term = 2;
  let sum = term;
  for (let n = 1; term > sum * Number.EPSILON; n += 1) {
    term *= h / (0.5 + n);
    sum += term;
  }
  return sum;
}

/** The continued fraction of Γ(½, h) / (e⁻ʰ h^½), by Lentz's method (Press et al., Numerical Recipes, §6.2). */
function upperFraction(h: number): number {
  let b = h + 0.5;
  let c = 1 / Number.MIN_VALUE;
  let d = 1 / b;
  let value = d;
  for (let i = 1, change = 0; Math.abs(change - 1) > Number.EPSILON && i < 1000; i += 1) {
    const a = -i * (i - 0.5);
    b += 2;
    d = 1 / (a * d + b);
    c = b + a / c;
    change = d * c;
    value *= change;
  }
  return value;
}
