import type { Wire } from '../api/wire';
import { change, move, place, step, wire } from './layout';

const view = {
  title: 'Sales',
  tiles: ['a', 'b', 'c'].map(id => ({ id, title: '', width: 6, hidden: id === 'b', outputs: [] }))
} as unknown as Wire<'DashboardView'>;
const order = (of: Wire<'DashboardView'>) => of.tiles.map(tile => tile.id).join('');

test('widths go step by step and end', () => {
  expect([step(6, 1), step(6, -1), step(12, 1), step(3, -1), step(5, 1)]).toEqual([8, 4, 12, 3, 8]);
});

test('a tile takes the place of another', () => {
  expect(order(place(view, 'c', 'a'))).toBe('cab');
  expect(order(place(view, 'a', 'c'))).toBe('bca');
  expect(place(view, 'a', 'none')).toBe(view);
});

test('moving passes over what is hidden', () => {
  expect(order(move(view, 'a', 1))).toBe('bca');
  expect(order(move(view, 'c', -1))).toBe('cab');
  expect(move(view, 'a', -1)).toBe(view);
});

test('what is saved holds no outputs', () => {
  expect(wire(change(view, 'b', { hidden: false, title: 'B' })).tiles[1]).toEqual({
    id: 'b',
    width: 6,
    hidden: false,
    title: 'B'
  });
});
