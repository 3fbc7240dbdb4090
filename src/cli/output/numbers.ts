/** 5717416 → `5,717,416` */
export function count(number: number): string {
  return number.toLocaleString('en');
}
