import { duration } from '../ui/time';
import type { Cluster, Gpus } from './model';

export const KINDS: Record<Cluster['kind'], string> = { dask: 'Dask', spark: 'Spark' };

/** What a new cluster can be. */
export const CHOICES = {
  ...KINDS,
  gateway: 'Dask Gateway',
  hosts: 'Dask on hosts over SSH',
  scheduler: 'Existing Dask scheduler',
  server: 'Existing Spark Connect server'
};

export type Choice = keyof typeof CHOICES;

/** What a person writes to use what is there already; `sized`: it is there to make clusters, so many workers each. */
export const THERE: Partial<
  Record<Choice, { kind: Cluster['kind']; example: string; hint: string; sized?: boolean; label?: string }>
> = {
  gateway: {
    kind: 'dask',
    example: 'https://gateway.example.org',
    hint: 'You sign in with what you keep for its host in Projects → Credentials. Its workers need uv.',
    sized: true
  },
  hosts: {
    kind: 'dask',
    label: 'Hosts',
    example: 'ana@10.0.0.2, ana@10.0.0.3:2222',
    hint: 'You sign in with the SSH keys that you keep for them in Projects → Credentials. They need python3 and uv.'
  },
  scheduler: {
    kind: 'dask',
    example: 'tcp://10.0.0.1:8786',
    hint: 'The environment is built on its hosts, which need uv. What else runs there goes on.'
  },
  server: {
    kind: 'spark',
    example: 'sc://10.0.0.1:15002',
    hint: 'The environment is built where its tasks run, which needs uv there. What else runs there goes on.'
  }
};

/** Whether it is a Spark server that was there already, which rarely tells how many workers it has. */
function isServer(cluster: Cluster): boolean {
  return cluster.kind === 'spark' && Boolean(cluster.address);
}

/** Whether a gateway makes it, which changes how many workers it has like the workspace itself. */
export function ofGateway(cluster: Cluster): boolean {
  return /^https?:/.test(cluster.address ?? '');
}

/** The hosts over SSH that a cluster runs on, without whoever signs in there; none of other clusters. */
export function hostsOf(cluster: Cluster): string[] {
  const { address = '' } = cluster;
  return /^ssh:/.test(address)
    ? address
        .replace('ssh://', '')
        .split(',')
        .map(one => one.slice(one.indexOf('@') + 1))
    : [];
}

/** The address by which a choice is made of what a person wrote. */
export function addressOf(address: string, choice: Choice): string {
  const written = address.trim();
  return choice === 'hosts' && !written.startsWith('ssh://') ? `ssh://${written}` : written;
}

/** What a cluster does now, in a few words. */
export function stateOf(cluster: Cluster): string {
  switch (cluster.state) {
    case 'running': {
      if (isServer(cluster) && !cluster.workers) {
        return 'connected';
      }
      const workers = `${cluster.workers} of ${cluster.maximum} workers`;
      return cluster.message && !noteOf(cluster) ? `${workers} · ${cluster.message}` : workers;
    }
    case 'building':
      return cluster.message || 'building its environment';
    case 'starting':
      return cluster.message || 'starting';
    default:
      return cluster.state;
  }
}

/** What else there is to say: why it stopped, which hosts of a scheduler do not serve, and why not. */
export function noteOf(cluster: Cluster): string | null {
  if (cluster.message && cluster.state === 'stopped') {
    return cluster.message;
  }
  return cluster.message && cluster.address && cluster.state === 'running'
    ? `${cluster.message.charAt(0).toUpperCase()}${cluster.message.slice(1)}.`
    : null;
}

export function hasEnded(cluster: Cluster): boolean {
  return cluster.state === 'stopped' || cluster.state === 'failed';
}

/** "2 notebooks". */
export function usersOf(cluster: Cluster): string {
  return cluster.attached
    ? `${cluster.attached} ${cluster.attached === 1 ? 'notebook' : 'notebooks'}`
    : 'no notebook';
}

/** "a, b and c". */
function together(words: string[]): string {
  return [words.slice(0, -1).join(', '), ...words.slice(-1)].filter(Boolean).join(' and ');
}

/** "1-4 workers, 2 threads and 2GiB each". */
export function shapeOf(cluster: Cluster): string {
  if (ofGateway(cluster)) {
    return `${cluster.minimum}-${cluster.maximum} workers of the Dask Gateway at ${cluster.address}.`;
  }
  const hosts = hostsOf(cluster);
  if (hosts.length) {
    return `Workers on ${together(hosts)}, over SSH.`;
  }
  if (cluster.address) {
    return `The workers of the ${isServer(cluster) ? 'server' : 'scheduler'} at ${cluster.address}.`;
  }
  const { kind, minimum, maximum, memory } = cluster;
  const workers = `${minimum === maximum || kind === 'spark' ? maximum : `${minimum}-${maximum}`} workers`;
  if (kind === 'spark') {
    return [workers, memory].filter(Boolean).join(', ');
  }
  const threads = cluster.threads ?? 1;
  const parts = [`${threads} ${threads === 1 ? 'thread' : 'threads'}`, memory, cluster.gpus ? 'a GPU' : ''];
  return `${workers}, ${together(parts.filter(Boolean))} each`;
}

/** Where the work of a notebook that it fits runs. */
export function fitOf(cluster: Cluster): string {
  return cluster.kind === 'spark'
    ? 'This notebook’s work runs in its own environment, as that of every notebook does.'
    : 'It runs this notebook’s environment.';
}

/** When it stops by itself. */
export function idleOf(cluster: Cluster): string {
  const seconds = cluster.idle_seconds ?? 0;
  return seconds ? `Stops after ${duration(seconds * 1000)} without work.` : 'Never stops by itself.';
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
      return cluster.misfit
        ? {
            label: `${cluster.name} · restart`,
            title: `${title}. ${cluster.misfit.message}`,
            state: 'attention'
          }
        : {
            label: isServer(cluster)
              ? cluster.name
              : `${cluster.name} · ${cluster.workers}/${cluster.maximum}`,
            title,
            state: 'quiet'
          };
    case 'failed':
      return { label: `${cluster.name} · failed`, title, state: 'error' };
    case 'stopped':
      return { label: `${cluster.name} · stopped`, title, state: 'quiet' };
    default:
      return { label: `${cluster.name} · ${cluster.state}`, title, state: 'busy' };
  }
}

/** "1 GPU"; '' for none. */
export function gpusOf(count: number | undefined): string {
  return count ? `${count} ${count === 1 ? 'GPU' : 'GPUs'}` : '';
}

/** Which GPUs the machine has, and who has them. */
export function hintOfGpus({ host, gpus }: Gpus): string {
  const names = [...new Set(gpus.map(one => one.name))].join(', ');
  const users = [...new Set(gpus.map(one => one.cluster).filter(Boolean))].join(' and ');
  const free = gpus.filter(one => !one.cluster).length;
  const used = users ? `, ${free || 'none'} free. Used by ${users}` : '';
  return `One for each worker. ${host} has ${gpus.length} (${names})${used}.`;
}

/** What is wrong with an amount of memory, or null; '' is the engine's default. */
export function wrongMemory(memory: string): string | null {
  return memory === '' || /^\d+(\.\d+)?\s*[kmgt]i?b$/i.test(memory.trim()) ? null : 'Write it like 2GiB.';
}

/** What is wrong with the address of what is there already, or null. */
export function wrongAddress(address: string, choice: Choice): string | null {
  const example = THERE[choice]?.example ?? '';
  if (choice === 'gateway') {
    return /^https?:\/\/([\w.-]+|\[[0-9a-f:]+\])(:\d{1,5})?(\/[\w./-]*)?$/i.test(address.trim())
      ? null
      : `Write it like ${example}.`;
  }
  if (choice === 'hosts') {
    const hosts = address.split(/[\s,]+/).filter(Boolean);
    const fits = hosts.every(one =>
      /^(ssh:\/\/)?[a-z_][\w.-]*@([a-z0-9][\w.-]*|\[[0-9a-f:]+\])(:\d{1,5})?\/?$/i.test(one)
    );
    return fits && hosts.length ? null : `Write them like ${example}.`;
  }
  if (/^\s*(tls:|sc:.*;(use_ssl=true|token=))/i.test(address)) {
    return `A ${choice} that asks for TLS cannot be used yet.`;
  }
  const fits =
    choice === 'server'
      ? /^sc:\/\/([\w.-]+|\[[0-9a-f:]+\]):\d{1,5}\/?$/i
      : /^tcp:\/\/([\w.-]+|\[[0-9a-f:]+\]):\d{1,5}\/?$/i;
  return fits.test(address.trim()) ? null : `Write it like ${example}.`;
}

/** What is wrong with a number of workers, or null; if there are GPUs each has one. */
export function wrongWorkers(minimum: number, maximum: number, gpus = 0): string | null {
  if (!Number.isInteger(minimum) || minimum < 0) {
    return 'At least 0, a whole number.';
  }
  if (!Number.isInteger(maximum) || maximum < Math.max(1, minimum)) {
    return 'The maximum is at least the minimum, and at least 1.';
  }
  if (gpus && maximum > gpus) {
    return `At most ${gpus}: each worker has a GPU.`;
  }
  return null;
}

/** `message` unless the text is a whole number of at least `least`. */
export function wrongCount(text: string, least: number, message: string): string | null {
  return text !== '' && Number.isInteger(Number(text)) && Number(text) >= least ? null : message;
}
