import type { Cluster } from './model';
import { askable } from './watching';

function cluster(changes: Partial<Cluster>): Cluster {
  return { state: 'running', dashboard: 'http://127.0.0.1:4000', address: '', ...changes } as Cluster;
}

describe('The pages of a cluster', () => {
  it('are asked for once it runs and has them, and again when they are others', () => {
    expect(askable(undefined)).toBeNull();
    expect(askable(null)).toBeNull();
    expect(askable(cluster({ state: 'starting' }))).toBeNull();
    expect(askable(cluster({ dashboard: null }))).toBeNull();
    expect(askable(cluster({}))).toBe('http://127.0.0.1:4000');
  });

  it('are asked for where there are none, for the server says why', () => {
    expect(askable(cluster({ dashboard: '' }))).toBe('');
    expect(askable(cluster({ dashboard: null, address: 'tcp://10.0.0.1:8786' }))).toBe('');
  });
});
