import type { EnvironmentStatus } from './model';
import { bytes, consequence, type Running, traits, trustedFor, why, words } from './words';

const CURRENT: Running = { outdated: false, moving: false, news: 0, drift: [] };

function status(changes: Partial<EnvironmentStatus>): EnvironmentStatus {
  return {
    state: 'none',
    id: null,
    operation: null,
    error: null,
    consent: null,
    lock_file: null,
    may_consent: false,
    source: 'requirements.txt',
    digest: 'd',
    phase: '',
    message: '',
    done: 0,
    total: 0,
    count: 0,
    detail: '',
    python: '3.11',
    ...changes
  };
}

describe('An environment', () => {
  it('says what it computes on where that is no CPU', () => {
    const report = { python: '3.11', bytes: 2_000_000, accelerator: 'cpu' };
    expect(traits(report)).toEqual(['Python 3.11', '2 MB']);
    expect(traits({ ...report, accelerator: 'cu13' })).toEqual([
      'Python 3.11',
      'for GPUs with CUDA 13',
      '2 MB'
    ]);
  });
});

describe('The chip of an environment', () => {
  it('says how far a build is, and in the tooltip with what', () => {
    const building = status({
      state: 'building',
      phase: 'installing',
      message: 'installing prophet (3 of 41)',
      done: 3,
      total: 41
    });
    expect(words(building, false, CURRENT)).toEqual({
      label: 'Installing 3/41',
      title: 'Environment: installing prophet (3 of 41)',
      state: 'busy'
    });
    // An earlier failure does not hide that it is being tried again.
    expect(words(building, true, CURRENT).state).toBe('busy');
  });

  it('counts packages once it is ready, and asks for a restart when the kernel has another', () => {
    const ready = status({ state: 'ready', count: 41 });
    expect(words(ready, false, CURRENT)).toMatchObject({ label: '41 packages', state: 'quiet' });
    expect(words(ready, false, { ...CURRENT, outdated: true })).toMatchObject({
      label: 'Restart kernel',
      state: 'attention'
    });
    expect(words(status({ state: 'ready', count: 1 }), false, CURRENT).label).toBe('1 package');
  });

  it('says that the running kernel gets packages, and has got them', () => {
    const ready = status({ state: 'ready', count: 43 });
    expect(words(ready, false, { ...CURRENT, moving: true })).toMatchObject({
      label: 'Adding packages',
      state: 'busy'
    });
    expect(words(ready, false, { ...CURRENT, news: 2 })).toMatchObject({
      label: '2 packages added',
      state: 'quiet'
    });
    expect(words(ready, false, { ...CURRENT, news: 1 }).label).toBe('1 package added');
  });

  it('names what a cell has installed and nothing declares', () => {
    const ready = status({ state: 'ready', count: 43 });
    const one = { cell_id: 'a', message: 'This cell installs polars.', packages: ['polars'], changed: false };
    const label = (...drift: (typeof one)[]) => words(ready, false, { ...CURRENT, news: 1, drift }).label;
    expect(label(one)).toBe('polars is not declared');
    expect(label(one, { ...one, cell_id: 'b' })).toBe('polars is not declared');
    expect(label(one, { ...one, cell_id: 'b', packages: ['tqdm>=4'] })).toBe('2 packages not declared');
    expect(label({ ...one, packages: [], changed: true })).toBe('Environment changed');
    expect(words(ready, false, { ...CURRENT, outdated: true, drift: [one] }).label).toBe('Restart kernel');
  });

  it('says that the lock of the project does not fit any more', () => {
    const lock_file = { file: 'pylock.toml', source: 'requirements.txt', stale: [] as string[] };
    const locked = status({ state: 'ready', count: 43, source: 'pylock.toml', lock_file });
    expect(words(locked, false, CURRENT).label).toBe('43 packages');
    const stale = { ...locked, lock_file: { ...lock_file, stale: ['attrs is not in it.'] } };
    expect(words(stale, false, { ...CURRENT, news: 1 })).toMatchObject({
      label: 'Lock out of date',
      title: 'Environment: pylock.toml is out of date. attrs is not in it.',
      state: 'attention'
    });
  });

  it('names what the cluster adds and what nothing declares', () => {
    const extra = status({ state: 'ready', count: 2, source: '', extras: ['distributed>=2025.1'] });
    expect(words(extra, false, CURRENT).title).toContain('popular libraries');
    expect(words(extra, false, CURRENT).title).toContain('the cluster’s client');
  });

  it('says that it failed, also when nothing is known of it', () => {
    expect(words(status({ state: 'failed' }), true, { ...CURRENT, outdated: true }).state).toBe('error');
    expect(words(null, true, CURRENT).state).toBe('error');
    expect(words(null, false, CURRENT)).toMatchObject({ label: 'Environment', state: 'quiet' });
  });
});

describe('What has to be agreed to', () => {
  it('says what is run, and what is contacted', () => {
    const asked = { what: 'future==0.18.2', host: 'pypi.org' };
    expect(consequence({ ...asked, kind: 'source' })).toBe(
      'Code of future==0.18.2 from pypi.org is then run on the server to build it.'
    );
    expect(consequence({ ...asked, kind: 'index' })).toContain('looked for at pypi.org first');
    expect(consequence({ ...asked, kind: 'channel' })).toContain('then come from future==0.18.2');
    expect(trustedFor({ ...asked, kind: 'source' })).toBe('builds future==0.18.2');
    expect(trustedFor({ ...asked, kind: 'channel' })).toBe('channel of conda');
  });
});

describe('The view of an environment', () => {
  it('says why a package is there', () => {
    const one = {
      name: 'numpy',
      version: '2.4.0',
      asked: 'requirements.txt, line 1',
      required_by: ['pandas']
    };
    expect(why(one)).toBe('requirements.txt, line 1 · needed by pandas');
    expect(why({ ...one, asked: '' })).toBe('needed by pandas');
    expect(why({ ...one, required_by: [] })).toBe('requirements.txt, line 1');
  });

  it('says sizes for people', () => {
    expect([0, 999, 1_500, 12_345_678, 4_200_000_000_000].map(bytes)).toEqual([
      '0 B',
      '999 B',
      '2 kB',
      '12 MB',
      '4200 GB'
    ]);
  });
});
