import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import type { Client } from '../api/client';
import { ApiError, asApiError } from '../api/errors';
import type { Events } from '../api/events';
import { Refresh } from '../api/refresh';
import type { Wire } from '../api/wire';
import { count } from './words';

export type Production = Wire<'Production'>;
export type Publication = Wire<'Publication'>;
export type Webhook = Wire<'Webhook'>;

const REFRESH_MS = 500;
const FORBIDDEN = 403;

/** What was in production of one project, who holds it, and its webhook. */
export class ProductionModel implements IDisposable {
  readonly project: string;
  private readonly _client: Client;
  private readonly _subscription: IDisposable;
  private readonly _refresh: Refresh;
  private readonly _changed = new Signal<this, void>(this);
  private _history: Publication[] | null = null;
  private _webhook: Webhook | null = null;
  private _secret: string | null = null;
  private _error: ApiError | null = null;
  private _disposed = false;

  constructor(client: Client, events: Events, project: string) {
    this.project = project;
    this._client = client;
    this._refresh = new Refresh(() => this._fetch(), REFRESH_MS);
    this._subscription = events.on('projects', event => {
      if (event === null || event.id === project) {
        this._refresh.soon();
      }
    });
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Newest first; null until the first answer. */
  get history(): Publication[] | null {
    return this._history;
  }

  /** Null for those who do not own the project, too. */
  get webhook(): Webhook | null {
    return this._webhook;
  }

  /** Whether this person may pin, and see the webhook. */
  get owned(): boolean {
    return this._webhook !== null;
  }

  /** The secret that was made here a moment ago; the server does not tell it again. */
  get secret(): string | null {
    return this._secret;
  }

  get error(): ApiError | null {
    return this._error;
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  /** Where a git host sends its deliveries. */
  get address(): string {
    return new URL(this._client.url(this._url('webhook')), window.location.href).href;
  }

  load(): Promise<void> {
    return this._refresh.now();
  }

  private async _fetch(): Promise<void> {
    try {
      const [history, webhook] = await Promise.all([
        this._client.request<Wire<'ProductionHistory'>>('GET', this._url('production/history')),
        this._client.request<Webhook>('GET', this._url('webhook')).catch((error: unknown) => {
          if (error instanceof ApiError && error.status === FORBIDDEN) {
            return null;
          }
          throw error;
        })
      ]);
      this._history = history.publications;
      this._webhook = webhook;
      this._error = null;
    } catch (error) {
      this._error = asApiError(error);
    }
    this._emit();
  }

  /** Have production stay at a commit. */
  async pin(sha: string, why: string): Promise<void> {
    await this._client.request<Production>('PUT', this._url('production/pin'), { sha, why });
    await this.load();
  }

  async unpin(): Promise<void> {
    await this._client.request<Production>('DELETE', this._url('production/pin'));
    await this.load();
  }

  /** Look at the remote now. */
  async look(): Promise<void> {
    await this._client.request('POST', this._url('look'));
    await this.load();
  }

  async makeSecret(): Promise<void> {
    const made = await this._client.request<Wire<'WebhookSecret'>>('POST', this._url('webhook/secret'));
    this._secret = made.secret;
    await this.load();
  }

  async deleteSecret(): Promise<void> {
    await this._client.request('DELETE', this._url('webhook/secret'));
    this._secret = null;
    await this.load();
  }

  dispose(): void {
    if (!this._disposed) {
      this._disposed = true;
      this._subscription.dispose();
      this._refresh.dispose();
      Signal.clearData(this);
    }
  }

  private _url(what: string): string {
    return `projects/${encodeURIComponent(this.project)}/${what}`;
  }

  private _emit(): void {
    if (!this._disposed) {
      this._changed.emit();
    }
  }
}

/** Why production changed, and who was behind it. */
export function becauseOf(publication: Publication): string {
  const { because, branch } = publication;
  const by = publication.by ? ` by ${publication.by}` : '';
  switch (because) {
    case 'cloned':
      return `first of ${branch}`;
    case 'polled':
      return `new on ${branch}`;
    case 'webhook':
      return `new on ${branch}, said the git host`;
    case 'asked':
      return `new on ${branch}, looked at${by}`;
    case 'pushed':
      return `pushed${by}`;
    case 'merged':
      return `merged${by}`;
    case 'branch':
      return `${branch} followed${by}`;
    case 'pinned':
      return `pinned${by}`;
    case 'rolled_back':
      return `rolled back${by}`;
    case 'unpinned':
      return `let go${by}`;
  }
}

/** How far pinned production is from its branch; empty for production that follows. */
export function distanceOf(production: Production, followed: string): string {
  const { pin } = production;
  if (!pin) {
    return '';
  }
  if (pin.rewritten) {
    return `${followed} was rewritten and no longer has this commit`;
  }
  return pin.behind ? `${count(pin.behind, 'commit')} behind ${followed}` : `level with ${followed}`;
}

/** What became of the webhook's last delivery. */
export const OUTCOMES: Record<Webhook['last'], string> = {
  '': 'None since the server started.',
  looking: 'Production was looked at.',
  ping: 'The host asked whether this is the right address: it is.',
  repeated: 'It had come before, so nothing was done.',
  refused: 'It was refused: the host signs with another secret.'
};

/** Where each git host keeps its webhooks, and how it signs. */
export const HOSTS = [
  {
    name: 'GitHub',
    where: 'Settings, Webhooks; content type application/json',
    header: 'X-Hub-Signature-256'
  },
  { name: 'GitLab', where: 'Settings, Webhooks; secret token, push events', header: 'X-Gitlab-Token' },
  { name: 'Bitbucket', where: 'Repository settings, Webhooks', header: 'X-Hub-Signature' },
  { name: 'Gitea', where: 'Settings, Webhooks; target URL', header: 'X-Gitea-Signature' },
  { name: 'Forgejo', where: 'Settings, Webhooks; target URL', header: 'X-Forgejo-Signature' }
] as const;
