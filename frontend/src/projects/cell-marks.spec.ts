import { type Blame, marksOf } from './cell-marks';

const NOW = Date.parse('2026-03-02T12:00:00Z');

function blame(...cells: [id: string, commit: string][]): Blame {
  return {
    path: 'forecast.ipynb',
    cells: cells.map(([id, commit], index) => ({ index: index + 1, id, commit, older: false })),
    commits: [
      {
        sha: 'a'.repeat(40),
        summary: 'Add weeks',
        description: '',
        author: 'Ana',
        email: 'ana@example.org',
        time: '2026-03-02T11:57:00Z'
      }
    ],
    complete: true
  };
}

const texts = (given: Blame, ...ids: string[]) => marksOf(given, ids, NOW).map(mark => mark?.text ?? null);

describe('marksOf', () => {
  it('finds cells by their ids, wherever they are now', () => {
    const known = blame(['x', 'a'.repeat(40)], ['y', '']);
    expect(texts(known, 'y', 'new', 'x')).toEqual(['not committed yet', null, 'Ana, 3 min ago · Add weeks']);
    expect(marksOf(known, ['x', 'y'], NOW).map(mark => mark?.commit)).toEqual(['a'.repeat(40), '']);
  });

  it('does not name who wrote a cell where the history begins', () => {
    const known = blame(['x', 'a'.repeat(40)]);
    known.cells = known.cells.map(cell => ({ ...cell, older: true }));
    expect(texts(known, 'x')).toEqual(['3 min ago or earlier']);
  });

  it('takes cells without ids in their order, as long as there are as many', () => {
    const known = blame(['', 'a'.repeat(40)], ['', '']);
    expect(texts(known, 'p', 'q')).toEqual(['Ana, 3 min ago · Add weeks', 'not committed yet']);
    expect(texts(known, 'p')).toEqual([null]);
  });
});
