import { lines, marked, type Piece } from './marks';

const show = (pieces: Piece[]) => pieces.map(({ text, changed }) => (changed ? `[${text}]` : text)).join('');

describe('marked', () => {
  const both = (old: string, now: string) => marked(old, now).map(show);

  it('marks the words that changed', () => {
    expect(both('df = pd.read_csv("a.csv")', 'df = pd.read_csv("b.csv")')).toEqual([
      'df = pd.read_csv("[a].csv")',
      'df = pd.read_csv("[b].csv")'
    ]);
    expect(both('total = sum(x)', 'total = round(sum(x), 2)')).toEqual([
      'total = sum(x)',
      'total = [round(]sum(x[), 2])'
    ]);
  });

  it('takes neighbouring words that changed as one', () => {
    expect(both('the quick brown fox runs home', 'the slow red fox runs home')).toEqual([
      'the [quick brown] fox runs home',
      'the [slow red] fox runs home'
    ]);
  });

  it('keeps letters with their accents, and letters of any script, together', () => {
    expect(both('größe = 1 # Straße', 'größer = 1 # Straße')).toEqual([
      '[größe] = 1 # Straße',
      '[größer] = 1 # Straße'
    ]);
    expect(both('x = "😀"', 'x = "😁"')).toEqual(['x = "[😀]"', 'x = "[😁]"']);
  });

  it('marks nothing where the texts have little in common, or one is empty, or both are huge', () => {
    expect(both('import pandas', 'plot(y)')).toEqual(['import pandas', 'plot(y)']);
    expect(both('', 'plot(y)')).toEqual(['', 'plot(y)']);
    const huge = (word: string) => Array.from({ length: 2_000 }, (_, n) => `${word}${n}`).join(' ');
    expect(both(huge('a'), huge('b'))).toEqual([huge('a'), huge('b')]);
  });
});

describe('lines', () => {
  it('marks words within lines that were replaced, in each line of a block', () => {
    const unified = '@@ -1,4 +1,4 @@\n import pandas\n-x = 1\n-y = 2\n+x = 10\n+y = 2\n \n@@ -9 +9 @@\n-gone';
    expect(lines(unified).map(line => `${line.kind} ${show(line.pieces)}`)).toEqual([
      'same import pandas',
      'removed x = [1]',
      'removed y = 2',
      'added x = [10]',
      'added y = 2',
      'same ',
      'gap ',
      'removed gone'
    ]);
  });

  it('keeps empty lines', () => {
    expect(lines('+a\n+\n+b').map(line => `${line.kind} ${show(line.pieces)}`)).toEqual([
      'added a',
      'added ',
      'added b'
    ]);
  });
});
