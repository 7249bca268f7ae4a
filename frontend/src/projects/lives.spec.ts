import { type BranchCost, branchLosses, projectLosses, size } from './lives';

const cost: BranchCost = {
  branch: 'weekly',
  target: 'main',
  unpushed: 0,
  unmerged: 0,
  changes: 0,
  upstream: false,
  dependents: [],
  refused: null
};

describe('branchLosses', () => {
  it('is empty where everything is elsewhere', () => {
    expect(branchLosses(cost)).toEqual([]);
  });

  it('names what exists only here first, and does not count the same commits twice', () => {
    expect(branchLosses({ ...cost, unpushed: 1, unmerged: 1, changes: 2 })).toEqual([
      '1 commit that was never pushed',
      '2 files with changes that are not committed'
    ]);
    expect(branchLosses({ ...cost, unmerged: 2 })).toEqual([
      '2 commits not merged into main; the remote has them'
    ]);
  });

  it('gathers what refers to it, by kind', () => {
    expect(
      branchLosses({
        ...cost,
        dependents: [
          { kind: 'document', name: 'a.ipynb', people: ['Bo'] },
          { kind: 'document', name: 'b.ipynb', people: ['Bo', 'Ana'] },
          { kind: 'kernel', name: 'a.ipynb', people: [] },
          { kind: 'schedule', name: 'weekly report', people: [] },
          { kind: 'table', name: 'sales', people: [] }
        ]
      })
    ).toEqual([
      '2 open documents (a.ipynb, b.ipynb), used by Bo and Ana',
      '1 running kernel: it ends',
      '1 schedule: weekly report',
      'its own copy of sales'
    ]);
  });
});

it('projectLosses names the branches with work of their own', () => {
  const lines = projectLosses({
    project: 'p',
    name: 'forecast',
    bytes: 1,
    branches: [{ ...cost, unpushed: 2, changes: 1 }],
    dependents: [{ kind: 'dashboard', name: 'Stores', people: [] }]
  });
  expect(lines).toEqual(['weekly: 2 commits never pushed, 1 file not committed', '1 dashboard: Stores']);
});

it.each([
  [0, '0 B'],
  [999, '999 B'],
  [1_234, '1.2 KB'],
  [25_000_000, '25 MB'],
  [3_400_000_000, '3.4 GB']
])('size of %s is %s', (bytes, said) => {
  expect(size(bytes)).toBe(said);
});
