import type { Cluster } from './model';
import {
  addressOf,
  fitOf,
  gpusOf,
  hintOfGpus,
  idleOf,
  noteOf,
  shapeOf,
  stateOf,
  words,
  wrongAddress,
  wrongMemory,
  wrongWorkers
} from './words';

function cluster(changes: Partial<Cluster>): Cluster {
  return {
    id: 'c',
    name: 'small',
    kind: 'dask',
    state: 'running',
    message: '',
    workers: 2,
    minimum: 1,
    maximum: 4,
    notebook: 'projects/p/main/n.ipynb',
    attached: 1,
    created_by: 'ana',
    created: '2026-11-20T16:00:00+00:00',
    dashboard: null,
    matches: null,
    error: null,
    log: '',
    memory: '',
    threads: 1,
    idle_seconds: 3600,
    idle_since: null,
    notebooks: [],
    address: '',
    misfit: null,
    gpus: 0,
    ...changes
  };
}

describe('The chip of a cluster', () => {
  it('shows how many workers are there of how many there may be', () => {
    expect(words(cluster({}))).toEqual({
      label: 'small · 2/4',
      title: 'Dask cluster small: 2 of 4 workers',
      state: 'quiet'
    });
    expect(words(null).label).toBe('No cluster');
  });

  it('needs somebody when it failed or runs another environment', () => {
    expect(words(cluster({ state: 'failed' })).state).toBe('error');
    const misfit = { code: 'other_spark', message: 'It runs Spark 4.2.1.', hint: 'Restart it.', field: null };
    expect(words(cluster({ matches: false, misfit }))).toEqual({
      label: 'small · restart',
      title: 'Dask cluster small: 2 of 4 workers. It runs Spark 4.2.1.',
      state: 'attention'
    });
    expect(words(cluster({ matches: true })).state).toBe('quiet');
  });

  it('says what a cluster does that runs on meanwhile', () => {
    expect(words(cluster({ message: 'installing six (1 of 40)' })).title).toBe(
      'Dask cluster small: 2 of 4 workers · installing six (1 of 40)'
    );
  });

  it('is busy while it builds, starts and stops', () => {
    const building = words(cluster({ state: 'building', message: 'installing dask (3 of 67)' }));
    expect(building).toMatchObject({ label: 'small · building', state: 'busy' });
    expect(building.title).toContain('installing dask (3 of 67)');
    expect(words(cluster({ state: 'stopping' })).state).toBe('busy');
    expect(words(cluster({ state: 'stopped' })).state).toBe('quiet');
  });
});

describe('What else there is to say of a cluster', () => {
  it('is why it stopped, and which hosts of a scheduler do not serve', () => {
    const stopped = cluster({ state: 'stopped', message: 'Stopped after 1 h without work.' });
    expect(noteOf(stopped)).toBe('Stopped after 1 h without work.');
    const there = cluster({ address: 'tcp://10.0.0.1:8786', message: 'the scheduler has no workers yet' });
    expect(noteOf(there)).toBe('The scheduler has no workers yet.');
    expect(stateOf(there)).toBe('2 of 4 workers');
    expect(noteOf(cluster({ message: 'installing six (1 of 40)' }))).toBeNull();
  });
});

describe('A cluster that fits', () => {
  it('has one environment, or on Spark that of each notebook', () => {
    expect(fitOf(cluster({}))).toBe('It runs this notebook’s environment.');
    expect(fitOf(cluster({ kind: 'spark' }))).toContain('as that of every notebook does');
  });
});

describe('The shape of a cluster', () => {
  it('names what each worker has, and when it stops', () => {
    expect(shapeOf(cluster({ threads: 2, memory: '2GiB' }))).toBe('1-4 workers, 2 threads and 2GiB each');
    expect(shapeOf(cluster({ address: 'tcp://10.0.0.1:8786' }))).toBe(
      'The workers of the scheduler at tcp://10.0.0.1:8786.'
    );
    expect(shapeOf(cluster({ address: 'https://gateway.example.org', minimum: 1, maximum: 4 }))).toBe(
      '1-4 workers of the Dask Gateway at https://gateway.example.org.'
    );
    expect(shapeOf(cluster({ address: 'ssh://ana@10.0.0.2,bo@10.0.0.3:2222,ana@10.0.0.4' }))).toBe(
      'Workers on 10.0.0.2, 10.0.0.3:2222 and 10.0.0.4, over SSH.'
    );
    expect(shapeOf(cluster({ address: 'ssh://ana@10.0.0.2' }))).toBe('Workers on 10.0.0.2, over SSH.');
    const server = cluster({ kind: 'spark', address: 'sc://10.0.0.1:15002', workers: 0, maximum: 1 });
    expect(shapeOf(server)).toBe('The workers of the server at sc://10.0.0.1:15002.');
    expect(words(server)).toMatchObject({ label: 'small', title: 'Spark cluster small: connected' });
    expect(stateOf(cluster({ ...server, workers: 2, maximum: 2 }))).toBe('2 of 2 workers');
    expect(shapeOf(cluster({ minimum: 4 }))).toBe('4 workers, 1 thread each');
    expect(shapeOf(cluster({ kind: 'spark', memory: '2GiB' }))).toBe('4 workers, 2GiB');
    expect(idleOf(cluster({}))).toBe('Stops after 1 h without work.');
    expect(idleOf(cluster({ idle_seconds: 0 }))).toBe('Never stops by itself.');
  });

  it('has memory in a known unit', () => {
    expect(['', '2GiB', '500 MB', '1.5g'].map(wrongMemory)).toEqual([
      null,
      null,
      null,
      'Write it like 2GiB.'
    ]);
  });
});

describe('The address of what is there already', () => {
  it.each([
    ['scheduler', 'tcp://10.0.0.1:8786', ['tcp://10.0.0.1', 'sc://10.0.0.1:8786'], 'tls://10.0.0.1:8786'],
    ['server', 'sc://10.0.0.1:15002', ['tcp://10.0.0.1:1', 'sc://a b:1'], 'sc://10.0.0.1:1/;use_ssl=true']
  ] as const)('of a %s has a host and a port', (choice, good, wrong, tls) => {
    expect([good, ` ${good.replace('10.0.0.1', '[::1]')} `].map(one => wrongAddress(one, choice))).toEqual([
      null,
      null
    ]);
    for (const one of ['', '10.0.0.1:8786', ...wrong]) {
      expect(wrongAddress(one, choice)).toBe(`Write it like ${good}.`);
    }
    expect(wrongAddress(tls, choice)).toBe(`A ${choice} that asks for TLS cannot be used yet.`);
  });
});

describe('The address of a gateway', () => {
  it('is that of a page', () => {
    const good = ['https://gateway.example.org', ' http://10.0.0.1:8000/services/dask/ '];
    expect(good.map(one => wrongAddress(one, 'gateway'))).toEqual([null, null]);
    for (const one of [
      '',
      'gateway.example.org',
      'tcp://10.0.0.1:8786',
      'https://ana:secret@gateway.example.org'
    ]) {
      expect(wrongAddress(one, 'gateway')).toBe('Write it like https://gateway.example.org.');
    }
  });
});

describe('Hosts over SSH', () => {
  it('are written with or without their scheme, and are all well written or refused', () => {
    expect(addressOf(' ana@10.0.0.2, ana@10.0.0.3:2222 ', 'hosts')).toBe(
      'ssh://ana@10.0.0.2, ana@10.0.0.3:2222'
    );
    expect(addressOf('ssh://ana@10.0.0.2', 'hosts')).toBe('ssh://ana@10.0.0.2');
    expect(addressOf(' tcp://10.0.0.1:8786 ', 'scheduler')).toBe('tcp://10.0.0.1:8786');
    for (const one of ['ana@10.0.0.2', 'ssh://ana@10.0.0.2,bo@[fd00::2]:2222', 'ana@one\nana@two']) {
      expect(wrongAddress(one, 'hosts')).toBeNull();
    }
    for (const one of [
      '',
      ' , ',
      '10.0.0.2',
      'ana@10.0.0.2, two',
      'ana:secret@10.0.0.2',
      'ana@-oProxyCommand=x'
    ]) {
      expect(wrongAddress(one, 'hosts')).toBe('Write them like ana@10.0.0.2, ana@10.0.0.3:2222.');
    }
  });
});

describe('Numbers of workers', () => {
  it.each([
    [1, 4],
    [0, 1],
    [2, 2]
  ])('%d to %d is possible', (minimum, maximum) => {
    expect(wrongWorkers(minimum, maximum)).toBeNull();
  });

  it.each([
    [-1, 4],
    [3, 2],
    [0, 0],
    [1.5, 4],
    [NaN, 4],
    [1, NaN]
  ])('%d to %d is refused', (minimum, maximum) => {
    expect(wrongWorkers(minimum, maximum)).not.toBeNull();
  });
});

describe('The GPUs of a cluster', () => {
  it('are one for each worker', () => {
    expect(shapeOf(cluster({ gpus: 4 }))).toBe('1-4 workers, 1 thread and a GPU each');
    expect(shapeOf(cluster({ gpus: 4, memory: '2GiB' }))).toBe('1-4 workers, 1 thread, 2GiB and a GPU each');
    expect([gpusOf(0), gpusOf(1), gpusOf(4)]).toEqual(['', '1 GPU', '4 GPUs']);
    expect(wrongWorkers(1, 5, 4)).toBe('At most 4: each worker has a GPU.');
    expect(wrongWorkers(1, 4, 4)).toBeNull();
  });

  it('are told with who has them', () => {
    const name = 'NVIDIA L4';
    const free = { name, cluster: '' };
    expect(hintOfGpus({ host: 'lab', gpus: [free, free], problem: null })).toBe(
      'One for each worker. lab has 2 (NVIDIA L4).'
    );
    expect(hintOfGpus({ host: 'lab', gpus: [free, { name, cluster: 'training' }], problem: null })).toBe(
      'One for each worker. lab has 2 (NVIDIA L4), 1 free. Used by training.'
    );
    expect(hintOfGpus({ host: 'lab', gpus: [{ name, cluster: 'a run' }], problem: null })).toBe(
      'One for each worker. lab has 1 (NVIDIA L4), none free. Used by a run.'
    );
  });
});
