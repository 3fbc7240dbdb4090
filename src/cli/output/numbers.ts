/** 5717416 → `5,717,416` */
export function count(number: number): string {
  return number.toLocaleString('en');
}

/** 22869664 → `22.9 MB`, 1096 → `1.1 kB` */
export function decimalBytes(bytes: number): string {
  const [unit, name] = bytes < 1e5 ? [1e3, 'kB'] : [1e6, 'MB'];
  return `${(bytes / unit).toLocaleString('en', { minimumFractionDigits: 1, maximumFractionDigits: 1 })} ${name}`;
}

/** 1258411200 → `1.26 G`, 13458 → `0.01 M` */
export function shortCount(number: number): string {
  const [unit, name] = number < 1e7 ? [1e6, 'M'] : [1e9, 'G'];
  return `${(number / unit).toLocaleString('en', { minimumFractionDigits: 2, maximumFractionDigits: 2 })} ${name}`;
}
