import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import type { Client } from '../api/client';
import { asApiError } from '../api/errors';
import type { Events } from '../api/events';
import { Refresh } from '../api/refresh';
import type { Wire } from '../api/wire';

export type KernelStatus = Wire<'KernelStatus'>;
export type CellDrift = Wire<'CellDrift'>;

const REFRESH_MS = 100;

/** What the kernel behind a notebook runs in. */
export class KernelModel implements IDisposable {
  private readonly _changed = new Signal<this, void>(this);
  private readonly _client: Client;
  private readonly _subscription: IDisposable;
  private readonly _refresh: Refresh;
  private _id: string | null = null;
  private _status: KernelStatus | null = null;
  private _disposed = false;

  constructor(client: Client, events: Events) {
    this._client = client;
    this._refresh = new Refresh(() => this._fetch('GET'), REFRESH_MS);
    this._subscription = events.on('documents', event => {
      if (event === null || event.id === this._id) {
        this._refresh.soon();
      }
    });
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Null until the first answer, and for a kernel that runs in no environment of a project. */
  get status(): KernelStatus | null {
    return this._status;
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  /** Another kernel, null for none. */
  set id(id: string | null) {
    if (id !== this._id) {
      this._id = id;
      this._status = null;
      this._emit();
      this._refresh.soon();
    }
  }

  /** Have it go on in what its notebook declares, if that only adds packages; `status` then says so, or why not. */
  follow(): Promise<void> {
    return this._fetch('POST', '/environment');
  }

  dispose(): void {
    if (!this._disposed) {
      this._disposed = true;
      this._subscription.dispose();
      this._refresh.dispose();
      Signal.clearData(this);
    }
  }

  private async _fetch(method: 'GET' | 'POST', verb = ''): Promise<void> {
    const id = this._id;
    if (id === null) {
      return;
    }
    const path = `documents/kernels/${encodeURIComponent(id)}${verb}`;
    let status: KernelStatus | null;
    try {
      status = await this._client.request<KernelStatus>(method, path);
    } catch (error) {
      // What was known holds while the server cannot be reached.
      status = asApiError(error).status === 404 ? null : this._status;
    }
    if (id === this._id) {
      this._status = status;
      this._emit();
    }
  }

  private _emit(): void {
    if (!this._disposed) {
      this._changed.emit();
    }
  }
}
