export type Cell = string | number | boolean | null;
export type ColumnType = 'number' | 'string' | 'datetime' | 'boolean';

export interface Column {
  name: string;
  type: ColumnType;
}

/** What `application/vnd.atrium.table+json` holds: the first rows of a table of `total` rows. */
export interface TableData {
  columns: Column[];
  rows: Cell[][];
  total: number;
}

export type Direction = 'ascending' | 'descending';

export interface Sorting {
  column: number;
  direction: Direction;
}

const TYPES: readonly string[] = ['number', 'string', 'datetime', 'boolean'];

/** A table out of JSON that anybody may have written; null when it is none. Cells that are no plain values are null. */
export function readTable(value: unknown): TableData | null {
  const table = value as Partial<TableData> | null;
  if (!Array.isArray(table?.columns) || !Array.isArray(table.rows)) {
    return null;
  }
  const columns = table.columns.map((column: Partial<Column> | null) => ({
    name: String(column?.name ?? ''),
    type: TYPES.includes(String(column?.type)) ? (column?.type as ColumnType) : 'string'
  }));
  const rows = table.rows
    .filter(row => Array.isArray(row))
    .map(row => columns.map((_, index) => plain((row as unknown[])[index])));
  const total = Number(table.total);
  return { columns, rows, total: Number.isFinite(total) ? Math.max(total, rows.length) : rows.length };
}

function plain(value: unknown): Cell {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null;
}

/** What a click on a header leads to: ascending, descending, then the table's own order again. */
export function nextSorting(sorting: Sorting | null, column: number): Sorting | null {
  if (sorting?.column !== column) {
    return { column, direction: 'ascending' };
  }
  return sorting.direction === 'ascending' ? { column, direction: 'descending' } : null;
}

/** The rows in order; equal ones keep theirs, and nulls come last in both directions. */
export function sortRows(table: TableData, sorting: Sorting | null): readonly Cell[][] {
  const column = sorting ? table.columns[sorting.column] : undefined;
  if (!sorting || !column) {
    return table.rows;
  }
  const sign = sorting.direction === 'ascending' ? 1 : -1;
  const compare = comparing(column.type);
  return [...table.rows].sort((left, right) => {
    const a = left[sorting.column] ?? null;
    const b = right[sorting.column] ?? null;
    if (a === null || b === null) {
      return a === b ? 0 : a === null ? 1 : -1;
    }
    return sign * compare(a, b);
  });
}

const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' });

function comparing(type: ColumnType): (a: NonNullable<Cell>, b: NonNullable<Cell>) => number {
  switch (type) {
    case 'number':
    case 'boolean':
      // Integers beyond JavaScript's come as text.
      return (a, b) => Number(a) - Number(b);
    case 'datetime':
      return (a, b) => time(a) - time(b);
    default:
      return (a, b) => collator.compare(String(a), String(b));
  }
}

/** Milliseconds since 1970. Times without a zone are read as UTC, so that all of a column are read alike. */
export function time(value: Cell): number {
  const text = String(value);
  const zoned = /T.*(Z|[+-]\d\d:?\d\d)$/.test(text) || !text.includes('T');
  return Date.parse(zoned ? text : `${text}Z`);
}

const MIDNIGHT = /^(\d{4}-\d\d-\d\d)T00:00:00(\.0+)?(Z|\+00:00)?$/;

/** How a column's values are written; decided once, so that a column of days shows no times of day. */
export function formatter(table: TableData, index: number): (value: Cell) => string {
  const type = table.columns[index]?.type ?? 'string';
  const values = table.rows.map(row => row[index] ?? null).filter(value => value !== null);
  if (type === 'number') {
    const whole = values.every(value => typeof value !== 'number' || Number.isInteger(value));
    const large = whole && values.some(value => Math.abs(Number(value)) >= 10_000);
    const format = new Intl.NumberFormat(undefined, {
      maximumFractionDigits: whole ? 0 : digits(values as number[]),
      minimumFractionDigits: whole ? 0 : digits(values as number[]),
      useGrouping: large || !whole
    });
    return value => (typeof value === 'number' ? format.format(value) : String(value ?? ''));
  }
  if (type === 'datetime') {
    const days = values.every(value => MIDNIGHT.test(String(value)) || !String(value).includes('T'));
    return value =>
      days
        ? String(value).replace(MIDNIGHT, '$1')
        : String(value)
            .replace('T', ' ')
            .replace(/\.0+(?=\D|$)/, '');
  }
  return value => (typeof value === 'boolean' ? (value ? 'true' : 'false') : String(value));
}

/** As many fraction digits as tell the values apart, at most 4; more for small ones. */
function digits(values: readonly number[]): number {
  const largest = Math.max(0, ...values.filter(Number.isFinite).map(Math.abs));
  const most = largest >= 1000 ? 2 : largest >= 1 ? 4 : 6;
  const needed = values.map(value => {
    const text = Number(value).toFixed(most).replace(/0+$/, '');
    return text.length - text.indexOf('.') - 1;
  });
  return Math.min(most, Math.max(0, ...needed));
}
