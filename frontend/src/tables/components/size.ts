const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'];

/** "1.5 kB", "20 MB": two digits where they tell something. */
export function bytes(count: number): string {
  let value = count;
  let unit = 0;
  while (unit < UNITS.length - 1 && (unit === 0 ? value : Math.round(value)) >= 1000) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 10 ? value.toFixed(0) : value.toFixed(1).replace(/\.0$/, '');
  return `${digits} ${UNITS[unit]}`;
}
