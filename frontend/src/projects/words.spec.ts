import type { FileChange } from './git';
import { suggestedSummary } from './words';

const file = (path: string, change: FileChange['change'], cells: number | null = null): FileChange => ({
  path,
  change,
  cells,
  added: 1,
  removed: 0
});

describe('suggestedSummary', () => {
  const files = [
    file('a.csv', 'untracked'),
    file('work/forecast.ipynb', 'modified', 3),
    file('old.txt', 'deleted')
  ];

  it('counts only what is ticked', () => {
    const paths = files.map(one => one.path);
    expect(suggestedSummary(files, { paths, partial: [] })).toBe(
      'Change 3 cells of forecast.ipynb and 2 more files'
    );
    expect(suggestedSummary(files, { paths: ['old.txt'], partial: [] })).toBe('Remove old.txt');
    expect(suggestedSummary(files, { paths: ['a.csv', 'old.txt'], partial: [] })).toBe(
      'Add a.csv and 1 more file'
    );
    expect(suggestedSummary(files, { paths: [], partial: [] })).toBe('');
  });

  it('counts the cells of a notebook that are ticked', () => {
    const partial = [{ path: 'work/forecast.ipynb', parts: ['x', 'rest'] }];
    expect(suggestedSummary(files, { paths: [], partial })).toBe('Change 1 cell of forecast.ipynb');
    expect(suggestedSummary([file('b.ipynb', 'modified', 0)], { paths: ['b.ipynb'], partial: [] })).toBe(
      'Re-run b.ipynb'
    );
  });
});
