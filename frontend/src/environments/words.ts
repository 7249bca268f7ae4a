import type { Consent, EnvironmentStatus } from './model';
import type { InstalledPackage } from './report';

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

/** A size for people. */
export function bytes(count: number): string {
  const units = ['B', 'kB', 'MB', 'GB'];
  const step = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, count)) / 3));
  return `${Math.round(count / 1000 ** step)} ${units[step]}`;
}

/** Why a package is there. */
export function why(one: InstalledPackage): string {
  const needed = one.required_by.length ? `needed by ${one.required_by.join(', ')}` : '';
  return [one.asked, needed].filter(Boolean).join(' · ');
}

/** What agreeing comes to. */
export function consequence({ kind, what, host }: Pick<Consent, 'kind' | 'what' | 'host'>): string {
  return kind === 'index'
    ? `Packages are then looked for at ${host} first.`
    : `Code of ${what} from ${host} is then run on the server to build it.`;
}

/** The chip of an environment; `status` null: not known yet. */
export function words(status: EnvironmentStatus | null, failed: boolean, outdated: boolean): Words {
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
    const what = `${packages(status.count)} from ${origin(status)}`;
    return outdated
      ? {
          label: 'Restart kernel',
          title: `Environment: ${what}; restart the kernel to use it`,
          state: 'attention'
        }
      : { label: packages(status.count), title: `Environment: ${what}, ready`, state: 'quiet' };
  }
  return { label: 'Environment', title: status ? 'Environment: not built' : 'Environment', state: 'quiet' };
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
