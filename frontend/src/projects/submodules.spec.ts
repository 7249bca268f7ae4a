import { state, summary } from './components/SubmodulesView';
import type { Submodule } from './submodules';

const LIB: Submodule = {
  path: 'lib',
  url: 'https://git.example.org/team/lib.git',
  host: 'git.example.org',
  commit: 'a1b2c3d4e5',
  state: 'here',
  consented: true,
  at: 'a1b2c3d4e5',
  changes: 0,
  problem: null
};

describe('words about submodules', () => {
  it('counts those that are not fetched', () => {
    expect(summary(1, 1)).toBe('1 submodule is not fetched');
    expect(summary(2, 2)).toBe('2 submodules are not fetched');
    expect(summary(3, 1)).toBe('1 of 3 submodules is not fetched');
    expect(summary(2, 0)).toBe('2 submodules fetched');
  });

  it('says how each one stands', () => {
    expect(state(LIB)).toBe('a1b2c3d');
    expect(state({ ...LIB, changes: 2 })).toBe('2 files changed');
    expect(state({ ...LIB, state: 'other', at: 'ffffffff' })).toBe('is at fffffff, not a1b2c3d');
    expect(state({ ...LIB, state: 'off' })).toBe('off');
  });
});
