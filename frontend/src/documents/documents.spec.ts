import { YNotebook } from '@jupyter/ydoc';

import { conflictsIn, settle } from './conflicts';
import { othersIn } from './presence';
import { changes } from './read-only';

const state = (username: string, name: string, color = '', atrium?: unknown) => ({
  user: { username, display_name: name, color },
  atrium
});

describe('othersIn', () => {
  it('names everybody else once, by name', () => {
    const states = new Map<number, Record<string, unknown>>([
      [1, state('ana', 'Ana')],
      [2, state('cy', 'Cy', 'red')],
      [3, state('bo', 'Bo')],
      [4, state('bo', 'Bo', '', { cell: 'a', editing: true })],
      [5, {}],
      [6, state('bo', 'Bo', '', { cell: 'b', editing: false })],
      [7, state('di', 'Di', '', { cell: 7, editing: 'yes', view: 'x' })]
    ]);
    expect(othersIn(states, 'ana')).toEqual([
      { username: 'bo', name: 'Bo', color: '', client: 4, where: { cell: 'a', editing: true } },
      { username: 'cy', name: 'Cy', color: 'red', client: 2, where: null },
      { username: 'di', name: 'Di', color: '', client: 7, where: { cell: null, editing: false } }
    ]);
  });
});

describe('conflicts', () => {
  const cell = (id: string, metadata = {}) => ({ id, cell_type: 'markdown' as const, source: id, metadata });
  const conflicting = () => {
    const notebook = new YNotebook({ disableDocumentWideUndoRedo: true });
    const marked = cell('disk', { atrium: { conflict: { with: 'room' }, other: 1 } });
    notebook.insertCells(0, [cell('room'), marked, cell('rest', { atrium: { conflict: { with: 'gone' } } })]);
    notebook.clearUndoHistory();
    return notebook;
  };
  const ids = (notebook: YNotebook) => notebook.cells.map(each => each.getId());

  it('are those of which both cells are there', () => {
    expect(conflictsIn(conflicting())).toEqual([{ mine: 'room', theirs: 'disk' }]);
  });

  it.each([
    ['mine' as const, ['room', 'rest']],
    ['theirs' as const, ['disk', 'rest']],
    ['both' as const, ['room', 'disk', 'rest']]
  ])('are settled by keeping %s, which can be undone', (keep, left) => {
    const notebook = conflicting();
    settle(notebook, { mine: 'room', theirs: 'disk' }, keep);
    expect(ids(notebook)).toEqual(left);
    expect(conflictsIn(notebook)).toEqual([]);
    notebook.undo();
    expect(ids(notebook)).toEqual(['room', 'disk', 'rest']);
    expect(conflictsIn(notebook)).toEqual([{ mine: 'room', theirs: 'disk' }]);
  });
});

describe('changes', () => {
  it('knows the commands that would change a notebook', () => {
    expect(changes('notebook:run-cell-and-select-next')).toBe(true);
    expect(changes('notebook:move-cell-up')).toBe(true);
    expect(changes('notebook:enter-edit-mode')).toBe(false);
    expect(changes('notebook:copy-cell')).toBe(false);
  });
});
