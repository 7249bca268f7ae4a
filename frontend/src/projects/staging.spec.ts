import { hunks } from './hunks';
import { lines } from './marks';
import { sides } from './sides';
import { Staging } from './staging';
import { coAuthors, restOf } from './words';

describe('Staging', () => {
  const parts = ['a', 'b', 'rest'];

  it('commits everything until something is unticked', () => {
    const staging = new Staging();
    expect(staging.of(['x.ipynb', 'y.md'])).toEqual({ paths: ['x.ipynb', 'y.md'], partial: [] });
    staging.tick('y.md', false);
    expect([staging.state('y.md'), staging.of(['x.ipynb', 'y.md'])]).toEqual([
      'none',
      { paths: ['x.ipynb'], partial: [] }
    ]);
  });

  it('knows some of a file, and that all or none of it is ticked again', () => {
    const staging = new Staging();
    staging.tickPart('x', 'b', false, parts);
    expect([staging.state('x'), staging.has('x', 'a'), staging.has('x', 'b')]).toEqual(['some', true, false]);
    expect(staging.of(['x'])).toEqual({ paths: [], partial: [{ path: 'x', parts: ['a', 'rest'] }] });
    staging.tickPart('x', 'b', true, parts);
    expect(staging.state('x')).toBe('all');
    for (const part of parts) {
      staging.tickPart('x', part, false, parts);
    }
    expect([staging.state('x'), staging.has('x', 'a')]).toEqual(['none', false]);
    staging.tickPart('x', 'a', true, parts);
    expect(staging.of(['x']).partial).toEqual([{ path: 'x', parts: ['a'] }]);
    staging.tick('x', true);
    expect(staging.state('x')).toBe('all');
  });

  it('does not tick what comes later, and forgets what was committed', () => {
    const staging = new Staging();
    staging.tickPart('x', 'b', false, parts);
    staging.seen('x', [...parts, 'new']);
    expect(staging.has('x', 'new')).toBe(false);
    staging.seen('x', ['b', 'rest', 'new']);
    expect(staging.of(['x']).partial).toEqual([{ path: 'x', parts: ['rest'] }]);
    staging.seen('x', ['b', 'new']);
    expect(staging.state('x')).toBe('none');
  });
});

describe('sides', () => {
  it('puts what was beside what is', () => {
    const rows = sides(lines(' a\n-b\n-c\n+d\n e\n@@ x @@\n+f'));
    const text = (line: ReturnType<typeof lines>[number] | null) =>
      line && (line.pieces.map(piece => piece.text).join('') || line.kind);
    expect(rows.map(({ left, right }) => [text(left), text(right)])).toEqual([
      ['a', 'a'],
      ['b', 'd'],
      ['c', null],
      ['e', 'e'],
      ['gap', 'gap'],
      [null, 'f']
    ]);
  });
});

describe('coAuthors', () => {
  const bo = { name: 'bo', display_name: 'Bo', paths: ['a.ipynb', 'b.md'] };

  it('are those who edited what is ticked, and those of the commit that is amended', () => {
    expect(coAuthors([bo], ['c.md'], [])).toEqual([]);
    expect(coAuthors([bo], ['b.md'], ['Bo <bo@atrium.local>', 'Cleo <cleo@example.org>'])).toEqual([
      { name: 'bo', label: 'With Bo, who edited b.md' },
      { name: 'Cleo <cleo@example.org>', label: 'With Cleo' }
    ]);
    expect(coAuthors([bo], ['a.ipynb', 'b.md'], [])[0]?.label).toBe('With Bo, who edited 2 files');
  });
});

describe('hunks', () => {
  it('are the stretches of a diff, with where they are', () => {
    const found = hunks(
      '@@ -1,2 +1 @@\n a\n-b\n@@ -9 +8,2 @@ def f():\n+c\n+@@ d\n@@ -20,2 +20,0 @@\n-e\n-f'
    );
    expect(found.map(hunk => hunk.title)).toEqual(['line 1', 'lines 8–9', 'after line 20']);
    expect(found[1]?.text).toBe('@@ -9 +8,2 @@ def f():\n+c\n+@@ d');
    expect(hunks('+all\n+new')).toEqual([]);
  });
});

describe('restOf', () => {
  it('says what else changed', () => {
    expect(restOf(['order', 'settings'])).toBe("The order of the cells, the notebook's settings");
    expect(restOf([])).toBe('Only how it is written');
  });
});
