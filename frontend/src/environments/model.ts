import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import type { Client } from '../api/client';
import { ApiError, asApiError } from '../api/errors';
import type { Events } from '../api/events';
import { Refresh } from '../api/refresh';
import type { Wire } from '../api/wire';

export type EnvironmentStatus = Wire<'EnvironmentStatus'>;
export type Consent = Wire<'Consent'>;
export type Package = Wire<'Package'>;

/** A build reports several times a second. */
const REFRESH_MS = 200;

/** The environment that one notebook declares. */
export class EnvironmentModel implements IDisposable {
  /** Whether this person may have it built. */
  mayBuild = true;
  private readonly _changed = new Signal<this, void>(this);
  private readonly _client: Client;
  private readonly _subscription: IDisposable;
  private readonly _refresh: Refresh;
  private _path: string;
  private _status: EnvironmentStatus | null = null;
  private _error: ApiError | null = null;
  private _began: number | null = null;
  private _asked = 0;
  private _disposed = false;

  constructor(client: Client, events: Events, path: string) {
    this._client = client;
    this._path = path;
    this._refresh = new Refresh(() => this._ask('GET', 'environments'), REFRESH_MS);
    this._subscription = events.on('environments', event => {
      // The end of another build may be that of what somebody else has just declared.
      if (event === null || event.action !== 'building' || event.id === this._status?.digest) {
        this.refresh();
      }
    });
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Null until the first answer. */
  get status(): EnvironmentStatus | null {
    return this._status;
  }

  /** When the build that runs was first seen, ISO 8601; null when none does. */
  get began(): string | null {
    return this._began === null ? null : new Date(this._began).toISOString();
  }

  /** Why it failed, or why nothing is known of it. */
  get error(): ApiError | null {
    return this._status?.error ? new ApiError(0, this._status.error) : this._error;
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  /** Ask again how it is, soon. */
  refresh(): void {
    this._refresh.soon();
  }

  /** Have it built unless it is there; what failed before is tried again. Who only reads is told how it is. */
  async build(): Promise<void> {
    await (this.mayBuild ? this._ask('POST', 'environments/prebuild') : this._ask('GET', 'environments'));
  }

  /** See whether something else is declared by now, and have that built. */
  async revisit(): Promise<void> {
    if (!this._disposed) {
      await this._ask('GET', 'environments');
      if (!this._disposed && this._status?.state === 'none' && !this.error) {
        await this.build();
      }
    }
  }

  /** Agree to exactly what it waits for, as `status.consent` tells, and have it built. */
  async consent(consent: Consent): Promise<void> {
    const { kind, line, what } = consent;
    await this._ask('POST', 'environments/trusted', { kind, line, what });
  }

  /**
   * Write the project's lock, or write it again, and have that built.
   *
   * @throws ApiError
   */
  async writeLock(): Promise<void> {
    await this._client.request('POST', 'environments/lock', { notebook: this._path });
    await this.build();
  }

  async cancel(): Promise<void> {
    await this._ask('POST', 'environments/cancel');
  }

  /** The notebook was renamed or moved. */
  async rename(path: string): Promise<void> {
    this._path = path;
    await this.build();
  }

  dispose(): void {
    if (!this._disposed) {
      this._disposed = true;
      this._subscription.dispose();
      this._refresh.dispose();
      Signal.clearData(this);
    }
  }

  private async _ask(method: 'GET' | 'POST', path: string, more: object = {}): Promise<void> {
    const notebook = this._path;
    const asked = ++this._asked;
    try {
      const status = await (method === 'GET'
        ? this._client.request<EnvironmentStatus>(method, path, undefined, { query: { notebook } })
        : this._client.request<EnvironmentStatus>(method, path, { notebook, ...more }));
      if (asked !== this._asked) {
        return;
      }
      this._status = status;
      this._error = null;
      this._began = status.state === 'building' ? (this._began ?? Date.now()) : null;
    } catch (error) {
      if (asked !== this._asked) {
        return;
      }
      this._error = asApiError(error);
    }
    if (!this._disposed) {
      this._changed.emit();
    }
  }
}
