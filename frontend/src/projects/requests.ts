import type { IDisposable } from '@lumino/disposable';
import { Poll } from '@lumino/polling';
import { type ISignal, Signal } from '@lumino/signaling';

import type { Client } from '../api/client';
import type { Events } from '../api/events';
import type { Wire } from '../api/wire';
import { count } from './words';

export type HostedBranch = Wire<'HostedBranch'>;
export type PullRequest = Wire<'PullRequest'>;

/** Hosts tell nobody when a check has ended, so they are asked. */
const POLL_MS = 30_000;

/** The pull request of a branch on its git host. */
export class PullRequestModel implements IDisposable {
  private readonly _client: Client;
  private readonly _url: string;
  private readonly _subscription: IDisposable;
  private readonly _poll: Poll;
  private readonly _changed = new Signal<this, void>(this);
  private _hosted: HostedBranch | null = null;
  private _asked = false;

  constructor(client: Client, events: Events, project: string, branch: string) {
    this._client = client;
    this._url = `projects/${project}/branches/${encodeURIComponent(branch)}/pull-request`;
    this._poll = new Poll({
      auto: false,
      factory: () => this._load(),
      frequency: { interval: POLL_MS, backoff: true, max: 10 * POLL_MS },
      name: `jupyter-atrium:pull-request-${branch}`,
      standby: () => (this._asked || this._watched() ? 'when-hidden' : true)
    });
    this._subscription = events.on('projects', event => {
      if (event === null || event.id === project) {
        this.refresh();
      }
    });
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Null until the first answer, and for those who may not ask. */
  get hosted(): HostedBranch | null {
    return this._hosted;
  }

  get isDisposed(): boolean {
    return this._poll.isDisposed;
  }

  /** Ask the host now. */
  refresh(): void {
    if (!this.isDisposed) {
      this._asked = true;
      void this._poll.refresh();
    }
  }

  async merge(request: PullRequest): Promise<void> {
    this._hosted = await this._client.request<HostedBranch>('POST', `${this._url}/merge`, {
      number: request.number,
      head: request.head
    });
    this._changed.emit();
  }

  dispose(): void {
    if (!this.isDisposed) {
      this._subscription.dispose();
      this._poll.dispose();
      Signal.clearData(this);
    }
  }

  private async _load(): Promise<void> {
    this._asked = false;
    this._hosted = await this._client.request<HostedBranch>('GET', this._url);
    if (!this.isDisposed) {
      this._changed.emit();
    }
  }

  /** Whether something may change there by itself that is worth knowing. */
  private _watched(): boolean {
    return this._hosted?.request?.state === 'open';
  }
}

/** What this host calls it. */
export function noun(hosted: HostedBranch): string {
  return hosted.kind === 'gitlab' ? 'merge request' : 'pull request';
}

const NAMES = { github: 'GitHub', gitlab: 'GitLab', bitbucket: 'Bitbucket', gitea: 'Gitea or Forgejo' };

/** What a link to the host says when one rests on it. */
export function linkTitle(hosted: HostedBranch): string {
  const { kind, host, guessed } = hosted;
  return kind && guessed
    ? `${host} seems to be ${NAMES[kind]}, by its name; if it is not, this page is not there`
    : `On ${host}`;
}

/** "3 of 4 checks passed, 1 running"; empty without checks. */
export function checksLine({ checks }: PullRequest): string {
  const counted = (checks ?? []).filter(check => check.state !== 'skipped');
  if (!counted.length) {
    return '';
  }
  const of = (state: string) => counted.filter(check => check.state === state).length;
  return [
    `${of('passed')} of ${count(counted.length, 'check')} passed`,
    of('failed') ? `${of('failed')} failed` : '',
    of('running') ? `${of('running')} running` : ''
  ]
    .filter(Boolean)
    .join(', ');
}

/** "approved by bo; cleo asks for changes"; empty where nobody has said anything. */
export function reviewsLine({ reviews }: PullRequest): string {
  const names = (state: string) =>
    (reviews ?? [])
      .filter(review => review.state === state)
      .map(review => review.person)
      .join(' and ');
  const [approved, asking] = [names('approved'), names('changes_requested')];
  return [
    approved ? `approved by ${approved}` : '',
    asking ? `${asking} ${asking.includes(' and ') ? 'ask' : 'asks'} for changes` : ''
  ]
    .filter(Boolean)
    .join('; ');
}
