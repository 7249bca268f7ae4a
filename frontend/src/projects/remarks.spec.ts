import type { CellDiff, FileDiff } from './git';
import { lines } from './marks';
import { idOn, linesOf, placeOf, placesIn, placesOfRow } from './remarks';

const cell: CellDiff = {
  index: 2,
  id: 'b',
  old_id: '',
  kind: 'code',
  change: 'modified',
  diff: '@@ -1,3 +1,3 @@\n sales = load()\n-fit(sales)\n+model = fit(sales)\n plot()',
  outputs: 0,
  part: 'b'
};
const file: FileDiff = {
  path: 'notes.md',
  kind: 'text',
  change: 'modified',
  added: 1,
  removed: 1,
  text: '@@ -4,2 +6,2 @@\n a\n-b\n+c\n\\ No newline at end of file',
  cells: [],
  parts: [],
  rest: [],
  outputs: 0,
  size: 0
};

it('lines of a difference know which they are on either side', () => {
  expect(lines(file.text ?? '').map(({ kind, old, now }) => [kind, old, now])).toEqual([
    ['same', 3, 5],
    ['removed', 4, null],
    ['added', null, 6],
    ['same', null, null]
  ]);
});

describe('placeOf', () => {
  it('names the last line on its side; a whole cell or file is one on both', () => {
    expect(placeOf({ side: 'old', cell: 'b', last: 1 })).not.toBe(
      placeOf({ side: 'new', cell: 'b', last: 1 })
    );
    expect(placeOf({ side: 'old', cell: 'b', last: null })).toBe(
      placeOf({ side: 'new', cell: 'b', last: null })
    );
  });
});

describe('idOn', () => {
  it('is the id that the cell had on that side', () => {
    expect(idOn('old', { ...cell, old_id: 'a' })).toBe('a');
    expect(idOn('new', { ...cell, old_id: 'a' })).toBe('b');
    expect(idOn('old', cell)).toBe('b');
    expect(idOn('new', null)).toBe('');
  });
});

describe('placesIn', () => {
  it('has every line that is shown, and the file', () => {
    const places = placesIn(file);
    const has = (side: 'old' | 'new', last: number | null) => places.has(placeOf({ side, cell: '', last }));
    expect([has('old', 3), has('new', 5), has('old', 4), has('new', 6), has('new', null)]).toEqual(
      Array<boolean>(5).fill(true)
    );
    expect([has('new', 4), has('old', 6), has('new', 7)]).toEqual([false, false, false]);
  });

  it('has the lines of cells, under the id that the cell has on a side, and the cells', () => {
    const places = placesIn({ ...file, kind: 'notebook', text: '', cells: [{ ...cell, old_id: 'a' }] });
    expect(places.has(placeOf({ side: 'old', cell: 'a', last: 1 }))).toBe(true);
    expect(places.has(placeOf({ side: 'new', cell: 'b', last: 1 }))).toBe(true);
    expect(places.has(placeOf({ side: 'new', cell: 'b', last: null }))).toBe(true);
    expect(places.has(placeOf({ side: 'old', cell: 'b', last: 1 }))).toBe(false);
  });
});

it('a row is a place for each side that has a line in it', () => {
  expect(placesOfRow(null, 3, 5)).toEqual([
    placeOf({ side: 'old', cell: '', last: 3 }),
    placeOf({ side: 'new', cell: '', last: 5 })
  ]);
  expect(placesOfRow(null, null, 6)).toEqual([placeOf({ side: 'new', cell: '', last: 6 })]);
});

it('lines are counted from 1 for people', () => {
  expect([linesOf(2, 2), linesOf(2, 4)]).toEqual(['line 3', 'lines 3–5']);
});
