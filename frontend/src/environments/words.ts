import type { CellDrift } from './kernel';
import type { Consent, EnvironmentStatus } from './model';
import type { InstalledPackage, Report } from './report';

/** What the chip says, and the whole sentence for its tooltip. */
export interface Words {
  label: string;
  title: string;
  state: 'quiet' | 'busy' | 'attention' | 'error';
}

export function packages(count: number): string {
  return count === 1 ? '1 package' : `${count} packages`;
}

/** Where what is installed is declared. */
export function origin(status: EnvironmentStatus): string {
  const declared = status.source || 'popular libraries (the project declares none)';
  return status.extras?.length ? `${declared} and the cluster’s client` : declared;
}

/** The files that could have declared it, but for what a lock is made from. */
export function notUsed({ also, lock_file }: Pick<EnvironmentStatus, 'also' | 'lock_file'>): string[] {
  return (also ?? []).filter(one => one !== lock_file?.source);
}

/** A size for people. */
export function bytes(count: number): string {
  const units = ['B', 'kB', 'MB', 'GB'];
  const step = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, count)) / 3));
  return `${Math.round(count / 1000 ** step)} ${units[step]}`;
}

/** What it is, in a few words: its Python, what it computes on if that is no CPU, its size. */
export function traits(report: Pick<Report, 'python' | 'accelerator' | 'bytes'>): string[] {
  const cuda = /^cu(\d+)$/.exec(report.accelerator ?? '')?.[1];
  return [`Python ${report.python}`, ...(cuda ? [`for GPUs with CUDA ${cuda}`] : []), bytes(report.bytes)];
}

/** Why a package is there. */
export function why(one: InstalledPackage): string {
  const needed = one.required_by.length ? `needed by ${one.required_by.join(', ')}` : '';
  return [one.asked, needed].filter(Boolean).join(' · ');
}

/** What a consent is about. */
export const CONSENTS = { index: 'Index', channel: 'Channel', source: 'Is built' };

/** What a trusted line is for. */
export function trustedFor({ kind, what }: Pick<Consent, 'kind' | 'what'>): string {
  return { index: 'package index', channel: 'channel of conda', source: `builds ${what}` }[kind];
}

/** What agreeing comes to. */
export function consequence({ kind, what, host }: Pick<Consent, 'kind' | 'what' | 'host'>): string {
  if (kind === 'channel') {
    return `Packages of conda then come from ${what} before those channels that come after it.`;
  }
  return kind === 'index'
    ? `Packages are then looked for at ${host} first.`
    : `Code of ${what} from ${host} is then run on the server to build it.`;
}

/** The kernel beside the environment that its notebook declares; see `NotebookEnvironment`. */
export interface Running {
  outdated: boolean;
  moving: boolean;
  news: number;
  drift: CellDrift[];
}

/** The chip of an environment; `status` null: not known yet. */
export function words(status: EnvironmentStatus | null, failed: boolean, kernel: Running): Words {
  if (status?.state === 'building') {
    const far = status.total ? ` ${status.done}/${status.total}` : '';
    return {
      label: `${phase(status.phase)}${far}`,
      title: `Environment: ${status.message}`,
      state: 'busy'
    };
  }
  if (failed) {
    return {
      label: 'Environment failed',
      title: 'The environment was not built; open for the reason',
      state: 'error'
    };
  }
  if (status?.state === 'ready') {
    return ready(status, kernel);
  }
  return { label: 'Environment', title: status ? 'Environment: not built' : 'Environment', state: 'quiet' };
}

function ready(status: EnvironmentStatus, kernel: Running): Words {
  const title = `Environment: ${packages(status.count)} from ${origin(status)}`;
  if (kernel.moving) {
    return {
      label: 'Adding packages',
      title: `${title}; the kernel gets them after the cell that runs`,
      state: 'busy'
    };
  }
  if (kernel.outdated) {
    return {
      label: 'Restart kernel',
      title: `${title}; restart the kernel to use it`,
      state: 'attention'
    };
  }
  const first = kernel.drift[0];
  if (first) {
    const wanted = [...new Set(kernel.drift.flatMap(one => one.packages))];
    return { label: undeclared(wanted), title: `Environment: ${first.message}`, state: 'attention' };
  }
  if (status.lock_file?.stale.length) {
    const { file, stale } = status.lock_file;
    return {
      label: 'Lock out of date',
      title: `Environment: ${file} is out of date. ${stale.join(' ')}`,
      state: 'attention'
    };
  }
  if (kernel.news) {
    return {
      label: `${packages(kernel.news)} added`,
      title: `${title}; the running kernel has them as well, no restart needed`,
      state: 'quiet'
    };
  }
  return { label: packages(status.count), title: `${title}, ready`, state: 'quiet' };
}

function undeclared(wanted: string[]): string {
  switch (wanted.length) {
    case 0:
      return 'Environment changed';
    case 1:
      return `${wanted[0]} is not declared`;
    default:
      return `${packages(wanted.length)} not declared`;
  }
}

function phase(name: EnvironmentStatus['phase']): string {
  switch (name) {
    case 'resolving':
      return 'Resolving';
    case 'installing':
      return 'Installing';
    case 'checking':
    case 'publishing':
      return 'Checking';
    case 'downloading':
      return 'Downloading';
    default:
      return 'Waiting';
  }
}
