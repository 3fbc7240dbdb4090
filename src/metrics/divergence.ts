/**
 * Jensen–Shannon divergence of two distributions over the same classes, in bits: 0 for equal ones, 1 for those that share
 * no class.
 */
export function jensenShannon(p: ArrayLike<number>, q: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < p.length; i += 1) {
    const middle = (p[i]! + q[i]!) / 2;
    sum += relative(p[i]!, middle) + relative(q[i]!, middle);
  }
  // Rounding may leave it a hair outside.
  return Math.min(1, Math.max(0, sum / 2));
}

function relative(p: number, middle: number): number {
  return p > 0 ? p * Math.log2(p / middle) : 0;
}
