import { branchFault, branchTitle, distance, projectName } from './words';

describe('projectName', () => {
  it.each([
    ['https://github.com/team/forecast.git', 'forecast'],
    ['git@host:team/forecast', 'forecast'],
    ['file:///srv/my%20project.git/', 'my-project'],
    ['https://host/100%', '100-'],
    ['', '']
  ])('of %s is %s', (url, name) => {
    expect(projectName(url)).toBe(name);
  });
});

describe('branchFault', () => {
  it.each(['forecast-weekly', 'feature/x', 'release-1.2', 'prévision'])('accepts %s', name => {
    expect(branchFault(name)).toBeNull();
  });

  it.each(['a b', '-x', 'a..b', 'a~1', 'a.lock', '/a', 'a/', 'a//b', 'a@{1}', 'a\\b'])('refuses %s', name => {
    expect(branchFault(name)).not.toBeNull();
  });
});

describe('words of a branch', () => {
  const branch = {
    name: 'main',
    folder: 'projects/p/main',
    head: '',
    upstream: true,
    changes: 1,
    ahead: 2,
    behind: 1,
    conflicts: 0,
    people: []
  };

  it('say how far it is from the remote', () => {
    expect(distance(branch)).toBe('↑2 ↓1');
    expect(distance({ ahead: 0, behind: 0 })).toBe('');
    expect(branchTitle(branch)).toBe(
      'Branch main, 1 uncommitted file, 2 commits ahead of the remote, 1 commit behind the remote'
    );
  });

  it('say that it was never pushed', () => {
    expect(branchTitle({ ...branch, upstream: false, changes: 0, ahead: 0, behind: 0 })).toBe(
      'Branch main, not pushed yet'
    );
  });
});
