import type { Cluster } from './model';

export const KINDS: Record<Cluster['kind'], string> = { dask: 'Dask', spark: 'Spark' };

/** What a cluster does now, in a few words. */
export function stateOf(cluster: Cluster): string {
  switch (cluster.state) {
    case 'running':
      return `${cluster.workers} of ${cluster.maximum} workers`;
    case 'building':
      return cluster.message || 'building its environment';
    default:
      return cluster.state;
  }
}

export interface Words {
  label: string;
  title: string;
  state: 'quiet' | 'busy' | 'attention' | 'error';
}

/** What the chip of a notebook's cluster says; null: it has none. */
export function words(cluster: Cluster | null): Words {
  if (!cluster) {
    return { label: 'No cluster', title: 'No cluster is attached to this notebook', state: 'quiet' };
  }
  const title = `${KINDS[cluster.kind]} cluster ${cluster.name}: ${stateOf(cluster)}`;
  switch (cluster.state) {
    case 'running':
      return cluster.matches === false
        ? {
            label: `${cluster.name} · restart`,
            title: `${title}, in another environment than this notebook’s`,
            state: 'attention'
          }
        : { label: `${cluster.name} · ${cluster.workers}/${cluster.maximum}`, title, state: 'quiet' };
    case 'failed':
      return { label: `${cluster.name} · failed`, title, state: 'error' };
    case 'stopped':
      return { label: `${cluster.name} · stopped`, title, state: 'quiet' };
    default:
      return { label: `${cluster.name} · ${cluster.state}`, title, state: 'busy' };
  }
}

/** What is wrong with a number of workers, or null. */
export function wrongWorkers(minimum: number, maximum: number): string | null {
  if (!Number.isInteger(minimum) || minimum < 0) {
    return 'At least 0, a whole number.';
  }
  if (!Number.isInteger(maximum) || maximum < Math.max(1, minimum)) {
    return 'The maximum is at least the minimum, and at least 1.';
  }
  return null;
}
