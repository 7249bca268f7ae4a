import { checksLine, type HostedBranch, linkTitle, noun, type PullRequest, reviewsLine } from './requests';

const REQUEST: PullRequest = {
  number: 12,
  title: 'Forecast by week',
  url: 'https://git.example.org/team/forecast/pulls/12',
  state: 'open',
  head: 'a'.repeat(40),
  target: 'main',
  draft: false,
  mergeable: 'yes',
  checks: [],
  reviews: []
};

const HOSTED: HostedBranch = {
  branch: 'weekly',
  target: 'main',
  host: 'gitlab.example.org',
  kind: 'gitlab',
  guessed: true,
  new_url: '',
  signed_in: false,
  request: null,
  problem: null
};

describe('pull requests in words', () => {
  it('counts checks, and leaves out those that were skipped', () => {
    const check = (state: 'passed' | 'failed' | 'running' | 'skipped') => ({ name: state, state, url: '' });
    expect(checksLine(REQUEST)).toBe('');
    expect(checksLine({ ...REQUEST, checks: [check('passed'), check('skipped')] })).toBe(
      '1 of 1 check passed'
    );
    expect(checksLine({ ...REQUEST, checks: [check('passed'), check('failed'), check('running')] })).toBe(
      '1 of 3 checks passed, 1 failed, 1 running'
    );
  });

  it('names who approved and who asks for changes', () => {
    expect(reviewsLine(REQUEST)).toBe('');
    const said = (person: string, state: 'approved' | 'changes_requested') => ({ person, state });
    expect(
      reviewsLine({ ...REQUEST, reviews: [said('ana', 'approved'), said('bo', 'changes_requested')] })
    ).toBe('approved by ana; bo asks for changes');
  });

  it('uses the word of the host, and says what is a guess', () => {
    expect(noun(HOSTED)).toBe('merge request');
    expect(linkTitle(HOSTED)).toContain('seems to be GitLab');
    expect(linkTitle({ ...HOSTED, host: 'gitlab.com', guessed: false })).toBe('On gitlab.com');
  });
});
