import { chartOf, chooseColumns, splitting } from './chart';
import { counts } from './TableView';
import { formatter, nextSorting, readTable, sortRows, type TableData, time } from './table';
import { timeTicks } from './ticks';
import { readWidget } from './widget';

const sales: TableData = {
  columns: [
    { name: 'date', type: 'datetime' },
    { name: 'store', type: 'string' },
    { name: 'units', type: 'number' }
  ],
  rows: [
    ['2026-01-02', 'New York', 10],
    ['2026-01-01', 'New York', 9],
    ['2026-01-01', 'Amsterdam', null],
    ['2026-01-02', 'Amsterdam', 100]
  ],
  total: 4
};
const column = (table: TableData, index: number) => table.rows.map(row => row[index]);

describe('readTable', () => {
  it('takes what the library writes', () => {
    expect(readTable(JSON.parse(JSON.stringify(sales)))).toEqual(sales);
  });

  it('refuses what is no table, and trusts nothing within one', () => {
    for (const bad of [null, 7, 'x', {}, { columns: [] }, { columns: {}, rows: [] }]) {
      expect(readTable(bad)).toBeNull();
    }
    const odd = {
      columns: [{ name: 3, type: 'html' }, null],
      rows: [[{ a: 1 }], 'row', [1, 2, 3]],
      total: 'many'
    };
    expect(readTable(odd)).toEqual({
      columns: [
        { name: '3', type: 'string' },
        { name: '', type: 'string' }
      ],
      rows: [
        [null, null],
        [1, 2]
      ],
      total: 2
    });
  });
});

describe('sortRows', () => {
  const sorted = (index: number, direction: 'ascending' | 'descending', table = sales) =>
    sortRows(table, { column: index, direction }).map(row => row[index]);

  it('compares numbers as numbers and puts nulls last either way', () => {
    expect(sorted(2, 'ascending')).toEqual([9, 10, 100, null]);
    expect(sorted(2, 'descending')).toEqual([100, 10, 9, null]);
  });

  it('keeps the order of equal rows and the table itself', () => {
    const rows = sortRows(sales, { column: 0, direction: 'ascending' });
    expect(rows.map(row => row[1])).toEqual(['New York', 'Amsterdam', 'New York', 'Amsterdam']);
    expect(column(sales, 0)[0]).toBe('2026-01-02');
    expect(sortRows(sales, null)).toBe(sales.rows);
  });

  it('compares times by moment, texts by their numbers, long integers as numbers', () => {
    const table: TableData = {
      columns: [
        { name: 'at', type: 'datetime' },
        { name: 'name', type: 'string' },
        { name: 'id', type: 'number' }
      ],
      rows: [
        ['2026-01-01T12:00:00+02:00', 'store 10', '9007199254740993'],
        ['2026-01-01T11:00:00+00:00', 'Store 9', 5]
      ],
      total: 2
    };
    expect(sorted(0, 'ascending', table)).toEqual(['2026-01-01T12:00:00+02:00', '2026-01-01T11:00:00+00:00']);
    expect(sorted(1, 'ascending', table)).toEqual(['Store 9', 'store 10']);
    expect(sorted(2, 'ascending', table)).toEqual([5, '9007199254740993']);
  });
});

describe('nextSorting', () => {
  it('goes through ascending and descending back to none, and begins anew on another column', () => {
    const first = nextSorting(null, 2);
    expect(first).toEqual({ column: 2, direction: 'ascending' });
    const second = nextSorting(first, 2);
    expect(second).toEqual({ column: 2, direction: 'descending' });
    expect(nextSorting(second, 2)).toBeNull();
    expect(nextSorting(second, 0)).toEqual({ column: 0, direction: 'ascending' });
  });
});

describe('formatter', () => {
  const of = (type: 'number' | 'datetime' | 'boolean', values: (string | number | boolean | null)[]) => {
    const table: TableData = { columns: [{ name: 'c', type }], rows: values.map(value => [value]), total: 1 };
    const format = formatter(table, 0);
    return values.map(value => (value === null ? null : format(value)));
  };

  it('gives a column of numbers one number of digits', () => {
    expect(of('number', [1, 2.5, null])).toEqual(['1.0', '2.5', null]);
    expect(of('number', [2024, 1999])).toEqual(['2024', '1999']);
    expect(of('number', [12_345, 1])[0]).toMatch(/^12.345$/);
    expect(of('number', [0.000123456, 0.5])).toEqual(['0.000123', '0.500000']);
  });

  it('shows times of day only where there are some', () => {
    expect(of('datetime', ['2026-01-01T00:00:00', '2026-01-02T00:00:00'])).toEqual([
      '2026-01-01',
      '2026-01-02'
    ]);
    expect(of('datetime', ['2026-01-01T00:00:00', '2026-01-02T06:30:00'])).toEqual([
      '2026-01-01 00:00:00',
      '2026-01-02 06:30:00'
    ]);
    expect(of('boolean', [true, false])).toEqual(['true', 'false']);
  });
});

describe('time', () => {
  it('reads every form as UTC unless it says otherwise', () => {
    const midnight = Date.UTC(2026, 0, 1);
    for (const text of [
      '2026-01-01',
      '2026-01-01T00:00:00',
      '2026-01-01T00:00:00Z',
      '2026-01-01T01:00:00+01:00'
    ]) {
      expect(time(text)).toBe(midnight);
    }
  });
});

describe('chooseColumns', () => {
  it('draws numbers over time, a line for each store', () => {
    expect(chooseColumns(sales)).toEqual({ kind: 'line', x: 0, ys: [2], split: 1 });
    const chart = chartOf(sales, { kind: 'line', x: 0, ys: [2], split: 1 });
    expect(chart.scale).toBe('time');
    expect(chart.series.map(series => series.label)).toEqual(['New York', 'Amsterdam']);
    expect(chart.series[0]?.points).toEqual([
      { x: Date.UTC(2026, 0, 1), y: 9 },
      { x: Date.UTC(2026, 0, 2), y: 10 }
    ]);
    expect(chart.series[1]?.points[0]?.y).toBeNull();
  });

  it('draws bars over texts, and points where there are numbers only', () => {
    const totals: TableData = {
      columns: [
        { name: 'units', type: 'number' },
        { name: 'store', type: 'string' },
        { name: 'price', type: 'number' }
      ],
      rows: [
        [3, 'Amsterdam', 1],
        [4, 'New York', 2]
      ],
      total: 2
    };
    expect(chooseColumns(totals)).toEqual({ kind: 'bar', x: 1, ys: [0, 2], split: null });
    const chart = chartOf(totals, { kind: 'bar', x: 1, ys: [0, 2], split: null });
    expect(chart).toMatchObject({ scale: 'label', labels: ['Amsterdam', 'New York'] });
    expect(chart.series.map(series => series.label)).toEqual(['units', 'price']);
    const numbers: TableData = {
      columns: totals.columns.filter(each => each.type === 'number'),
      rows: totals.rows.map(([units, , price]) => [units!, price!]),
      total: 2
    };
    expect(chooseColumns(numbers)).toEqual({ kind: 'scatter', x: 0, ys: [1], split: null });
  });

  it('is null where there is nothing to draw', () => {
    const texts: TableData = { columns: [{ name: 'a', type: 'string' }], rows: [['x']], total: 1 };
    expect(chooseColumns(texts)).toBeNull();
    expect(chooseColumns({ ...sales, rows: [], total: 0 })).toBeNull();
  });

  it('splits only where that makes x unique, into a few series', () => {
    expect(splitting({ ...sales, rows: [...sales.rows, ['2026-01-01', 'Amsterdam', 1]] }, 0)).toBeNull();
    const many = Array.from({ length: 10 }, (_, i) => ['2026-01-01', `store ${i}`, i]);
    expect(splitting({ ...sales, rows: many }, 0)).toBeNull();
  });
});

describe('timeTicks', () => {
  const iso = (values: number[]) => values.map(value => new Date(value).toISOString().slice(0, 16));

  it('are round moments, at most as many as asked for', () => {
    expect(iso(timeTicks(Date.UTC(2026, 0, 1, 5), Date.UTC(2026, 0, 4), 5).values)).toEqual([
      '2026-01-02T00:00',
      '2026-01-03T00:00',
      '2026-01-04T00:00'
    ]);
    expect(iso(timeTicks(Date.UTC(2024, 1, 10), Date.UTC(2025, 1, 10), 5).values)).toEqual([
      '2024-04-01T00:00',
      '2024-07-01T00:00',
      '2024-10-01T00:00',
      '2025-01-01T00:00'
    ]);
    for (const most of [2, 3, 8]) {
      for (const days of [0.01, 1, 9, 40, 400, 4000, 40_000]) {
        const from = Date.UTC(2001, 4, 17, 3);
        const { values } = timeTicks(from, from + days * 86_400_000, most);
        expect(values.length).toBeLessThanOrEqual(most + 1);
        expect(values.every(value => value >= from)).toBe(true);
      }
    }
  });

  it('begin weeks on Mondays', () => {
    const { values } = timeTicks(Date.UTC(2026, 10, 1), Date.UTC(2026, 11, 5), 6);
    expect(values.map(value => new Date(value).getUTCDay())).toEqual(values.map(() => 1));
  });

  it('of one moment', () => {
    expect(timeTicks(0, 0, 4).values).toEqual([0]);
  });
});

describe('counts', () => {
  it('says how many of how many, and what sorting saw', () => {
    expect(counts(4, 4, 4, true)).toBe('4 rows');
    expect(counts(1, 1, 1, false)).toBe('1 row');
    expect(counts(100, 1000, 5280, false)).toMatch(/^100 of 5.280 rows$/);
    expect(counts(100, 1000, 5280, true)).toMatch(/sorted within the first 1.000$/);
  });
});

describe('readWidget', () => {
  const dropdown = { name: 'store', kind: 'dropdown', label: 'Store', choices: ['a', 1, true], value: 'a' };

  it('takes a dropdown and nothing else', () => {
    expect(readWidget(dropdown)).toEqual(dropdown);
    const bad = [
      null,
      { ...dropdown, kind: 'slider' },
      { ...dropdown, name: 'os.system("x")' },
      { ...dropdown, name: '' },
      { ...dropdown, choices: [{}] },
      { ...dropdown, choices: 'abc' },
      { ...dropdown, value: null }
    ];
    for (const value of bad) {
      expect(readWidget(value)).toBeNull();
    }
  });
});
