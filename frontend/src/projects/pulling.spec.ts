import type { Client } from '../api/client';
import type { Operation } from '../api/operations';
import { both, change, type MergeConflict, type Pulled, Pulling } from './pulling';

const conflict = (of: string, fields: Partial<MergeConflict> = {}): MergeConflict => ({
  of,
  path: 'a.ipynb',
  kind: 'cell',
  place: 'c',
  base: 'x',
  mine: 'mine',
  theirs: 'theirs',
  cell_type: 'code',
  ...fields
});

const pulled = (fields: Partial<Pulled> = {}): Pulled => ({
  branch: 'weekly',
  source: 'weekly',
  sha: 'abc',
  commits: 1,
  paths: [],
  backup: '',
  conflicts: [],
  ...fields
});

/** A server that answers pulls with these, one after the other; null: the operation fails. */
function server(...answers: (Pulled | null)[]) {
  const asked: [string, unknown][] = [];
  const client = {
    request: (_method: string, path: string, body: unknown) => {
      asked.push([path, body]);
      return Promise.resolve({ id: '1' });
    }
  } as unknown as Client;
  const pulling = new Pulling({
    client,
    url: what => `main/${what}`,
    save: () => Promise.resolve(),
    follow: () => {
      const result = answers.shift() ?? null;
      return Promise.resolve(result && ({ state: 'succeeded', result } as unknown as Operation));
    }
  });
  return { pulling, asked };
}

describe('Pulling', () => {
  it('asks for each conflict, and goes on with what was chosen', async () => {
    const conflicts = [conflict('1'), conflict('2')];
    const { pulling, asked } = server(
      pulled({ conflicts }),
      pulled({ conflicts: [conflict('3', { kind: 'text' })] }),
      pulled({ backup: 'b' })
    );
    await pulling.pull('main');
    expect([pulling.conflicts, pulling.open, pulling.source, pulling.pulled]).toEqual([
      conflicts,
      2,
      'main',
      null
    ]);
    pulling.choose(conflicts[0]!, 'theirs');
    pulling.choose(conflicts[1]!, 'edited');
    expect(pulling.choice(conflicts[1]!)).toEqual({ of: '2', take: 'edited', text: 'mine\ntheirs' });
    pulling.choose(conflicts[1]!, 'edited', 'other');
    expect(pulling.open).toBe(0);
    await pulling.goOn();
    expect(pulling.open).toBe(1);
    pulling.choose(pulling.conflicts[0]!, 'mine');
    await pulling.goOn();
    expect(asked.map(([path]) => path)).toEqual(['main/pull', 'main/pull', 'main/pull']);
    expect(asked[2]?.[1]).toEqual({
      source: 'main',
      how: 'merge',
      choices: [
        { of: '1', take: 'theirs', text: '' },
        { of: '2', take: 'edited', text: 'other' },
        { of: '3', take: 'mine', text: '' }
      ]
    });
    expect([pulling.conflicts, pulling.pulled?.backup]).toEqual([[], 'b']);
    await pulling.undo();
    expect(asked[3]).toEqual(['main/undo-pull', { backup: 'b' }]);
    expect(pulling.pulled).toBeNull();
  });

  it('keeps what was chosen when a pull fails, and forgets it when one leaves', async () => {
    const { pulling } = server(pulled({ conflicts: [conflict('1')] }), null);
    await pulling.pull();
    pulling.choose(pulling.conflicts[0]!, 'mine');
    await pulling.goOn();
    expect([pulling.conflicts.length, pulling.open]).toEqual([1, 0]);
    pulling.cancel();
    expect(pulling.conflicts).toEqual([]);
    expect(pulling.choice(conflict('1'))).toBeNull();
  });
});

describe('what is shown of a conflict', () => {
  it('is how each side changed what was there', () => {
    expect(change('a\nb', 'a\nc')).toBe('-a\n-b\n+a\n+c');
    expect(change(null, 'new')).toBe('+new');
    expect(both(conflict('1', { mine: null }))).toBe('theirs');
  });
});
