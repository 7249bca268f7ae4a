import { above, summary, tickedIn, withTick } from './folders';

const INSIDE: Record<string, string[]> = {
  '': ['app', 'data', 'docs'],
  data: ['data/clean', 'data/raw'],
  'data/raw': ['data/raw/a', 'data/raw/b']
};
const inside = (folder: string) => INSIDE[folder] ?? [];

describe('choosing folders', () => {
  it('knows what a folder is in', () => {
    expect(above('a/b/c')).toEqual(['a', 'a/b']);
    expect(above('a')).toEqual([]);
  });

  it('is ticked with everything below, and in part above', () => {
    expect(['data', 'data/raw', 'data/raw/a', 'app'].map(path => tickedIn(['data/raw'], path))).toEqual([
      'some',
      'all',
      'all',
      'none'
    ]);
    expect(tickedIn(null, 'app')).toBe('all');
    expect(tickedIn(['data'], 'database')).toBe('none');
  });

  it('takes the place of those within it', () => {
    expect(withTick(['app', 'data/raw/a'], 'data', true, inside)).toEqual(['app', 'data']);
  });

  it('leaves the others when one goes', () => {
    expect(withTick(null, 'data', false, inside)).toEqual(['app', 'docs']);
    expect(withTick(null, 'data/raw/b', false, inside)).toEqual(['app', 'data/clean', 'data/raw/a', 'docs']);
    expect(withTick(['data'], 'data/raw', false, inside)).toEqual(['data/clean']);
    expect(withTick(['data/raw'], 'data', false, inside)).toEqual([]);
    expect(withTick(['app'], 'app', false, inside)).toEqual([]);
  });

  it('says what is chosen', () => {
    expect([null, [], ['app', 'data/raw'], ['a', 'b', 'c']].map(summary)).toEqual([
      'Everything',
      'Top-level files only',
      'app, data/raw',
      '3 folders'
    ]);
  });
});
