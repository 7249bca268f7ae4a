import { PromiseDelegate } from '@lumino/coreutils';
import type { IDisposable } from '@lumino/disposable';
import { Poll } from '@lumino/polling';
import { ISignal, Signal } from '@lumino/signaling';

import type { Client } from './client';
import { ApiError } from './errors';
import type { Events } from './events';
import type { WireError } from './wire';

/** A long thing that somebody started, as the server tells it. */
export interface Operation<Result = unknown> {
  id: string;
  /** `room.verb`, for example `projects.clone`. */
  kind: string;
  /** What the person reads: "Clone forecast". */
  title: string;
  state: 'running' | 'succeeded' | 'failed' | 'cancelled';
  /** What it does now. */
  message: string;
  done: number;
  /** 0: unknown. */
  total: number;
  /** ISO 8601, UTC. */
  started?: string;
  ended?: string | null;
  /** The id of the thing it is about. */
  subject?: string;
  error: WireError | null;
  result: Result | null;
}

/** Between polls of a running operation; events are faster, polls are for when they are missed. */
export const POLL_MS = 5_000;

/** Follows operations to their end. Two followers of one operation share one model. */
export class Operations {
  private readonly _client: Client;
  private readonly _events: Events;
  private readonly _followed = new Map<string, OperationModel>();

  constructor(client: Client, events: Events) {
    this._client = client;
    this._events = events;
  }

  /** Begin to follow; give what the server answered when it started the operation, or its id. */
  follow<Result = unknown>(operation: Operation<Result> | string): OperationModel<Result> {
    const id = typeof operation === 'string' ? operation : operation.id;
    const known = this._followed.get(id);
    if (known) {
      return known as OperationModel<Result>;
    }
    const first = typeof operation === 'string' ? null : operation;
    const model = new OperationModel<Result>(id, first, this._client, this._events);
    if (!model.isDisposed) {
      this._followed.set(id, model);
      model.disposed.connect(() => void this._followed.delete(id));
    }
    return model;
  }

  /** Newest first; only those about `subject` when it is given. */
  async list(subject?: string): Promise<Operation[]> {
    const reply = await this._client.request<{ operations: Operation[] }>('GET', 'operations', undefined, {
      query: { subject }
    });
    return reply.operations;
  }
}

/** One operation, refreshed until it has ended. */
export class OperationModel<Result = unknown> implements IDisposable {
  readonly id: string;
  private readonly _client: Client;
  private readonly _subscription: IDisposable;
  private readonly _poll: Poll;
  private readonly _changed = new Signal<this, void>(this);
  private readonly _disposedSignal = new Signal<this, void>(this);
  private readonly _done = new PromiseDelegate<Operation<Result>>();
  private _operation: Operation<Result> | null;
  private _lost: ApiError | null = null;
  private _disposed = false;

  constructor(id: string, operation: Operation<Result> | null, client: Client, events: Events) {
    this.id = id;
    this._client = client;
    this._operation = operation;
    // Somebody may only watch `changed`; an unwatched failure is not an unhandled one.
    this._done.promise.catch(() => undefined);
    this._poll = new Poll({
      auto: false,
      name: `atrium:operation-${id}`,
      factory: () => this._fetch(),
      frequency: { interval: POLL_MS, backoff: true, max: 6 * POLL_MS },
      standby: 'never'
    });
    this._subscription = events.on('operations', event => {
      if (event === null || event.id === id) {
        void this._poll.refresh();
      }
    });
    if (operation && operation.state !== 'running') {
      this._settle(operation);
    } else {
      void (operation ? this._poll.start() : this._poll.refresh());
    }
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get disposed(): ISignal<this, void> {
    return this._disposedSignal;
  }

  /** As last heard; null until the first answer. */
  get operation(): Operation<Result> | null {
    return this._operation;
  }

  get running(): boolean {
    return this._lost === null && (this._operation === null || this._operation.state === 'running');
  }

  /** Why it failed, or why it can no longer be followed. */
  get error(): ApiError | null {
    const error = this._operation?.error;
    return error ? new ApiError(0, error) : this._lost;
  }

  /**
   * The operation once it has succeeded or was cancelled.
   *
   * @throws ApiError when it failed, or when the server no longer knows it.
   */
  get done(): Promise<Operation<Result>> {
    return this._done.promise;
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  /** Ask the server to stop it; resolves when it has cleaned up after itself. */
  async cancel(): Promise<void> {
    this._update(
      await this._client.request<Operation<Result> | null>(
        'POST',
        `operations/${encodeURIComponent(this.id)}/cancel`
      )
    );
  }

  /** Stop following; the operation itself goes on. */
  dispose(): void {
    if (this._disposed) {
      return;
    }
    this._disposed = true;
    this._poll.dispose();
    this._subscription.dispose();
    this._disposedSignal.emit();
    Signal.clearData(this);
  }

  private async _fetch(): Promise<void> {
    try {
      this._update(
        await this._client.request<Operation<Result>>('GET', `operations/${encodeURIComponent(this.id)}`)
      );
    } catch (error) {
      // Operations live in the server's memory: after a restart nobody knows how it ended.
      if (error instanceof ApiError && error.status === 404) {
        this._lost = error;
        this._changed.emit();
        this._done.reject(error);
        this.dispose();
        return;
      }
      throw error;
    }
  }

  private _update(operation: Operation<Result> | null): void {
    if (this._disposed || !operation) {
      return;
    }
    this._operation = operation;
    this._changed.emit();
    if (operation.state !== 'running') {
      this._settle(operation);
    }
  }

  private _settle(operation: Operation<Result>): void {
    if (operation.state === 'failed') {
      const unknown = { code: 'failed', message: `${operation.title} failed.`, hint: '' };
      this._done.reject(new ApiError(0, operation.error ?? unknown));
    } else {
      this._done.resolve(operation);
    }
    this.dispose();
  }
}
