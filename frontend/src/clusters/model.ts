import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import type { Client, Method } from '../api/client';
import { type ApiError, asApiError } from '../api/errors';
import type { Events } from '../api/events';
import { Refresh } from '../api/refresh';
import type { Wire } from '../api/wire';

export type Cluster = Wire<'Cluster'>;
export type ClusterKind = Cluster['kind'];
export type Gpus = Wire<'Gpus'>;

/** What a person chooses of a new cluster. */
export interface NewCluster {
  kind: ClusterKind;
  minimum: number;
  maximum: number;
  /** Of each Dask worker or of the Spark server, such as 2GiB; '' for the engine's default. */
  memory: string;
  threads: number;
  /** 0: it never stops by itself. */
  idle_seconds: number;
  /** Of a Dask scheduler or Spark server that is there already; '' for workers of its own. */
  address: string;
  /** One for each worker; 0: none. */
  gpus: number;
}

const REFRESH_MS = 300;

/** The clusters of the workspace, and which of them one notebook is attached to. */
export class ClustersModel implements IDisposable {
  private readonly _changed = new Signal<this, void>(this);
  private readonly _client: Client;
  private readonly _subscriptions: IDisposable[];
  private readonly _refresh: Refresh;
  private readonly _onEnvironmentChanges: () => unknown;
  private _path: string;
  private _clusters: readonly Cluster[] | null = null;
  private _attached: string | null = null;
  private _error: ApiError | null = null;
  private _disposed = false;

  /** `onEnvironmentChanges` is called when attaching or detaching here changed what the notebook's kernel needs. */
  constructor(client: Client, events: Events, path: string, onEnvironmentChanges: () => unknown) {
    this._client = client;
    this._path = path;
    this._onEnvironmentChanges = onEnvironmentChanges;
    this._refresh = new Refresh(() => this._fetch(), REFRESH_MS);
    this._subscriptions = [
      events.on('clusters', () => this.refresh()),
      // How far a cluster's own environment is.
      events.on('environments', () => {
        if (this._clusters?.some(one => one.state === 'building')) {
          this.refresh();
        }
      })
    ];
    this.refresh();
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Null while loading. */
  get clusters(): readonly Cluster[] | null {
    return this._clusters;
  }

  /** The one that the notebook is attached to. */
  get attached(): Cluster | null {
    return this._clusters?.find(one => one.id === this._attached) ?? null;
  }

  /** The notebook that is attached and detached; '' while there is none. */
  get path(): string {
    return this._path;
  }

  /** Why nothing is known of them. */
  get error(): ApiError | null {
    return this._error;
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  refresh(): void {
    this._refresh.soon();
  }

  rename(path: string): void {
    this._path = path;
    this._changed.emit();
    this.refresh();
  }

  /** The GPUs of the server's machine. @throws ApiError */
  async gpus(): Promise<Gpus> {
    return this._client.request<Gpus>('GET', 'clusters/gpus');
  }

  /** @throws ApiError */
  async create(wanted: NewCluster): Promise<void> {
    await this._attach('clusters', { ...wanted, notebook: this._path });
  }

  /** @throws ApiError */
  async attach(id: string): Promise<void> {
    await this._attach(`clusters/${encodeURIComponent(id)}/attach`, { notebook: this._path });
  }

  /** @throws ApiError */
  async detach(): Promise<void> {
    await this._attach('clusters/detach', { notebook: this._path });
  }

  /** @throws ApiError */
  async stop(id: string): Promise<void> {
    await this._change('POST', id, '/stop');
  }

  /**
   * Start it anew, from this notebook's environment; without a notebook, from that of the one it was made for.
   *
   * @throws ApiError
   */
  async restart(id: string): Promise<void> {
    await this._change('POST', id, '/restart', { notebook: this._path || null });
  }

  /** @throws ApiError */
  async scale(id: string, minimum: number, maximum: number): Promise<void> {
    await this._change('POST', id, '/scale', { minimum, maximum });
  }

  /** @throws ApiError */
  async delete(id: string): Promise<void> {
    await this._change('DELETE', id);
  }

  dispose(): void {
    if (!this._disposed) {
      this._disposed = true;
      this._subscriptions.forEach(one => one.dispose());
      this._refresh.dispose();
      Signal.clearData(this);
    }
  }

  private async _attach(path: string, body: object): Promise<void> {
    const done = await this._client.request<Wire<'Attachment'>>('POST', path, body);
    await this._refresh.now();
    if (done.environment_changes) {
      void this._onEnvironmentChanges();
    }
  }

  private async _change(method: Method, id: string, verb = '', body: object = {}): Promise<void> {
    await this._client.request(method, `clusters/${encodeURIComponent(id)}${verb}`, body);
    await this._refresh.now();
  }

  private async _fetch(): Promise<void> {
    const notebook = this._path;
    try {
      const reply = await this._client.request<Wire<'ClusterList'>>('GET', 'clusters', undefined, {
        query: notebook ? { notebook } : {}
      });
      if (notebook !== this._path) {
        return;
      }
      this._clusters = reply.clusters;
      this._attached = reply.attached ?? null;
      this._error = null;
    } catch (error) {
      this._error = asApiError(error);
    }
    if (!this._disposed) {
      this._changed.emit();
    }
  }
}
