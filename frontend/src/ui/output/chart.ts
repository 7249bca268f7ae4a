import { type Cell, type Column, type TableData, time } from './table';

export type ChartKind = 'line' | 'bar' | 'scatter';

/** More series than this are no longer told apart. */
export const MOST_SERIES = 7;

/** What a chart draws: a column along x, columns of numbers along y, and perhaps a column that splits them into series. */
export interface ChartColumns {
  kind: ChartKind;
  x: number;
  ys: number[];
  split: number | null;
}

export interface Series {
  label: string;
  points: { x: number; y: number | null }[];
}

export interface Chart {
  kind: ChartKind;
  /** `time`: x are milliseconds; `value`: numbers; `label`: places in `labels`. */
  scale: 'time' | 'value' | 'label';
  labels: string[];
  series: Series[];
  xTitle: string;
  yTitle: string;
}

/** The columns one would choose; null when there is nothing to draw. */
export function chooseColumns(table: TableData): ChartColumns | null {
  const of = (type: Column['type']) =>
    table.columns.flatMap((column, i) => (column.type === type ? [i] : []));
  const numbers = of('number').filter(index => table.rows.some(row => typeof row[index] === 'number'));
  const firstOther = of('datetime')[0] ?? of('string')[0];
  const x = firstOther ?? numbers[0];
  const ys = numbers.filter(index => index !== x);
  if (x === undefined || ys.length === 0 || table.rows.length === 0) {
    return null;
  }
  const isTime = table.columns[x]?.type === 'datetime';
  const kind = isTime ? 'line' : firstOther === undefined ? 'scatter' : 'bar';
  const split = splitting(table, x);
  return { kind, x, ys: split === null ? ys.slice(0, MOST_SERIES) : ys.slice(0, 1), split };
}

/** The text column whose few values make x unique within each of them, where x repeats; null when there is none. */
export function splitting(table: TableData, x: number): number | null {
  const values = table.rows.map(row => row[x]);
  if (new Set(values).size === values.length) {
    return null;
  }
  const found = table.columns.findIndex((column, index) => {
    if (column.type !== 'string' || index === x) {
      return false;
    }
    const groups = new Set(table.rows.map(row => row[index])).size;
    const pairs = new Set(table.rows.map(row => JSON.stringify([row[x], row[index]]))).size;
    return groups > 1 && groups <= MOST_SERIES && pairs === values.length;
  });
  return found === -1 ? null : found;
}

/** The series of a chart, ordered along x; rows without an x are left out. */
export function chartOf(table: TableData, chosen: ChartColumns): Chart {
  const column = table.columns[chosen.x];
  const scale = column?.type === 'datetime' ? 'time' : column?.type === 'number' ? 'value' : 'label';
  const rows = table.rows.filter(row => row[chosen.x] !== null && row[chosen.x] !== undefined);
  const labels = scale === 'label' ? [...new Set(rows.map(row => String(row[chosen.x])))] : [];
  const places = new Map(labels.map((label, place) => [label, place]));
  const place = (value: Cell) =>
    scale === 'time' ? time(value) : scale === 'value' ? Number(value) : (places.get(String(value)) ?? 0);

  const groups = new Map<string, Cell[][]>();
  for (const row of rows) {
    const key = chosen.split === null ? '' : String(row[chosen.split] ?? '(none)');
    const members = groups.get(key) ?? [];
    members.push(row);
    groups.set(key, members);
  }
  const name = (index: number) => table.columns[index]?.name ?? '';
  const series = [...groups].flatMap(([group, members]) =>
    chosen.ys.map(y => ({
      label: [group, group && chosen.ys.length === 1 ? '' : name(y)].filter(Boolean).join(' · '),
      points: members
        .map(row => ({ x: place(row[chosen.x] ?? null), y: number(row[y]) }))
        .filter(point => Number.isFinite(point.x))
        .sort((a, b) => a.x - b.x)
    }))
  );
  const yTitle = chosen.ys.length === 1 ? name(chosen.ys[0] as number) : '';
  return { kind: chosen.kind, scale, labels, series, xTitle: name(chosen.x), yTitle };
}

function number(value: Cell | undefined): number | null {
  return typeof value === 'number' ? value : null;
}
