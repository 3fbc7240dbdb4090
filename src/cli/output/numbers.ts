/** 5717416 → `5,717,416` */
export function count(number: number): string {
  return number.toLocaleString('en');
}

/** 22869664 → `22.9 MB` */
export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toLocaleString('en', { minimumFractionDigits: 1, maximumFractionDigits: 1 })} MB`;
}

/** 1258411200 → `1.26 G` */
export function giga(number: number): string {
  return `${(number / 1e9).toLocaleString('en', { minimumFractionDigits: 2, maximumFractionDigits: 2 })} G`;
}
