import { URLExt } from '@jupyterlab/coreutils';
import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import type { Client } from '../api/client';
import { type ApiError, asApiError } from '../api/errors';
import type { Events } from '../api/events';
import type { Wire } from '../api/wire';
import { type Cluster, ClustersModel } from './model';

export type Page = Wire<'Page'>;

/** Of the time for which the address is good: it is asked for again before that has passed. */
const RENEW_AFTER = 0.4;
/** Until it is asked for again where there was no answer. */
const RETRY_SECONDS = 20;

/** One cluster and its own pages: where they are while it runs, and which of them is shown. */
export class WatchModel implements IDisposable {
  readonly id: string;
  /** Without a notebook: what is started from here runs what it ran before. */
  readonly clusters: ClustersModel;
  private readonly _changed = new Signal<this, void>(this);
  private readonly _client: Client;
  private readonly _subscription: IDisposable;
  private _watch: Wire<'Watch'> | null = null;
  private _path: string | null = null;
  private _loads = 0;
  private _error: ApiError | null = null;
  /** What the cluster said of its pages when they were asked for; null: it has none to ask for. */
  private _seen: string | null = null;
  private _timer: ReturnType<typeof setTimeout> | undefined;
  private _disposed = false;

  constructor(client: Client, events: Events, id: string) {
    this.id = id;
    this._client = client;
    this.clusters = new ClustersModel(client, events, '', () => undefined);
    this.clusters.changed.connect(() => this._follow());
    // The server may have been started again, and then knows no address of before.
    this._subscription = events.on('clusters', event => {
      if (event === null && this._watch) {
        void this._ask();
      }
    });
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Undefined while loading, null when there is none any more. */
  get cluster(): Cluster | null | undefined {
    const { clusters } = this.clusters;
    return clusters ? (clusters.find(one => one.id === this.id) ?? null) : undefined;
  }

  get pages(): readonly Page[] {
    return this._watch?.pages ?? [];
  }

  /** The path of the one that is shown. */
  get path(): string {
    return this._path ?? this.pages[0]?.path ?? '';
  }

  /** The address of the page that is shown; null while there is none. */
  get address(): string | null {
    return this._watch ? URLExt.join(this._client.settings.baseUrl, this._watch.url) + this.path : null;
  }

  /** Another number: the page is to be loaded again. */
  get loads(): number {
    return this._loads;
  }

  /** Why there are no pages although it runs. */
  get error(): ApiError | null {
    return this._error;
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  choose(path: string): void {
    this._path = path;
    this._loads += 1;
    this._changed.emit();
  }

  /** Load the page again. */
  async reload(): Promise<void> {
    this._loads += 1;
    await this._ask();
  }

  dispose(): void {
    if (!this._disposed) {
      this._disposed = true;
      clearTimeout(this._timer);
      this._subscription.dispose();
      this.clusters.dispose();
      Signal.clearData(this);
    }
  }

  private _follow(): void {
    const seen = askable(this.cluster);
    if (seen !== this._seen) {
      this._seen = seen;
      this._watch = this._error = null;
      clearTimeout(this._timer);
      if (seen !== null) {
        void this.reload();
      }
    }
    this._changed.emit();
  }

  private async _ask(): Promise<void> {
    const seen = this._seen;
    clearTimeout(this._timer);
    let watch: Wire<'Watch'> | null = null;
    let error: ApiError | null = null;
    try {
      watch = await this._client.request<Wire<'Watch'>>(
        'POST',
        `clusters/${encodeURIComponent(this.id)}/watch`
      );
    } catch (failed) {
      error = asApiError(failed);
    }
    if (this._disposed || seen !== this._seen) {
      return;
    }
    // What is shown goes on meanwhile: the cluster itself tells when it does not run any more.
    if (watch || this._watch) {
      const seconds = watch ? watch.seconds * RENEW_AFTER : RETRY_SECONDS;
      this._timer = setTimeout(() => void this._ask(), seconds * 1_000);
    }
    this._watch = watch ?? this._watch;
    this._error = error;
    this._changed.emit();
  }
}

/** What a cluster that runs says of its pages, once it is worth asking where they are. */
export function askable(cluster: Cluster | null | undefined): string | null {
  if (cluster?.state !== 'running') {
    return null;
  }
  // Of a scheduler that was there already the server says why there are none.
  return cluster.address ? '' : (cluster.dashboard ?? null);
}
