import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import type { Client } from '../api/client';
import type { Event, Events } from '../api/events';
import type { Wire } from '../api/wire';

export type ExecutionQueue = Wire<'ExecutionQueue'>;
export type ExecutionRequest = Wire<'ExecutionRequest'>;
export type QueuedCell = ExecutionQueue['cells'][number];
export type InputRequest = Wire<'InputRequest'>;

/** Between two looks while an environment is built and says so many times a second. */
const APART_MS = 400;

/** What runs and waits in one notebook, for everybody who has it open. */
export class QueueModel implements IDisposable {
  private readonly _client: Client;
  private readonly _subscriptions: IDisposable[];
  private readonly _changed = new Signal<this, void>(this);
  private _notebook: string;
  private _queue: ExecutionQueue | null = null;
  private _timer: ReturnType<typeof setTimeout> | null = null;
  private _fetching = false;
  private _again = false;
  private _disposed = false;

  /** `notebook` is its path as the contents API names it. */
  constructor(client: Client, events: Events, notebook: string) {
    this._client = client;
    this._notebook = notebook;
    this._subscriptions = [
      events.on('documents', event => this._concerns(event) && void this.refresh()),
      events.on('environments', () => this._waits && this._later())
    ];
    void this.refresh();
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Null until the first answer. */
  get queue(): ExecutionQueue | null {
    return this._queue;
  }

  get notebook(): string {
    return this._notebook;
  }

  /** A cell that runs or waits; what it does first, if it was asked for more than once. */
  cell(cellId: string): QueuedCell | null {
    return this._queue?.cells.find(cell => cell.cell_id === cellId) ?? null;
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  /** The notebook has another name now. */
  rename(notebook: string): void {
    this._notebook = notebook;
    void this.refresh();
  }

  /** Run again what was given up. */
  async retry(): Promise<void> {
    const cell_ids = this._queue?.not_run ?? [];
    await this._client.request('POST', 'documents/execute', { notebook: this._notebook, cell_ids });
    await this.refresh();
  }

  /**
   * Answer what a running cell asks for.
   *
   * @throws ApiError when somebody else was faster, or it no longer asks
   */
  async answer(cell: QueuedCell, input: InputRequest, value: string): Promise<void> {
    const path = `documents/requests/${encodeURIComponent(cell.request_id)}/input`;
    try {
      await this._client.request('POST', path, { value, cell_id: cell.cell_id, input_id: input.id });
    } finally {
      await this.refresh();
    }
  }

  /** Fetch anew; calls during a fetch are one more fetch after it. */
  async refresh(): Promise<void> {
    if (this._fetching) {
      this._again = true;
      return;
    }
    this._fetching = true;
    try {
      const query = { notebook: this._notebook };
      this._queue = await this._client.request<ExecutionQueue>('GET', 'documents/queue', undefined, {
        query
      });
    } catch (error) {
      console.warn('Atrium: the queue of the notebook is not known.', error);
    } finally {
      this._fetching = false;
    }
    if (this._disposed) {
      return;
    }
    this._changed.emit();
    if (this._again) {
      this._again = false;
      await this.refresh();
    }
  }

  dispose(): void {
    if (this._disposed) {
      return;
    }
    this._disposed = true;
    if (this._timer !== null) {
      clearTimeout(this._timer);
    }
    this._subscriptions.forEach(subscription => subscription.dispose());
    Signal.clearData(this);
  }

  private get _waits(): boolean {
    return Boolean(this._queue?.waiting);
  }

  private _concerns(event: Event | null): boolean {
    const queue = this._queue;
    return event === null || queue === null || event.id === queue.document_id || event.id === queue.kernel_id;
  }

  private _later(): void {
    this._timer ??= setTimeout(() => {
      this._timer = null;
      void this.refresh();
    }, APART_MS);
  }
}
