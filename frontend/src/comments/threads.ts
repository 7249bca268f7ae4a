import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import type { Client } from '../api/client';
import { type ApiError, asApiError } from '../api/errors';
import type { Wire } from '../api/wire';

export type Thread = Wire<'Thread'>;
export type Comment = Wire<'Comment'>;
export type Person = Wire<'Person'>;

/** A comment on its way to the server. Its text is kept until the server has it. */
export interface Pending<Place = unknown> {
  readonly key: number;
  /** The thread it replies in; null when it begins one at `anchor`. */
  readonly thread: string | null;
  readonly anchor: Place | null;
  readonly text: string;
  /** Null while it is being sent. */
  readonly error: ApiError | null;
}

/** Threads, and what people do in them; `Place` is what a thread is begun at. */
export abstract class Threads<Place = unknown> implements IDisposable {
  protected readonly client: Client;
  /** Whether whoever looks may say something; no as long as nothing is known. */
  mayComment = false;
  /** Replies and edits that are being written, by the id of their thread or comment: they outlive what draws them. */
  readonly written: Map<string, string>;
  private readonly _changed = new Signal<this, void>(this);
  private _pending: readonly Pending<Place>[] = [];
  private _error: ApiError | null = null;
  private _asked = 0;
  private _fetching = false;
  private _keys = 0;
  private _disposed = false;

  constructor(client: Client, written = new Map<string, string>()) {
    this.client = client;
    this.written = written;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get pending(): readonly Pending<Place>[] {
    return this._pending;
  }

  /** Why the threads could not be fetched. */
  get error(): ApiError | null {
    return this._error;
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  async refresh(): Promise<void> {
    const asked = ++this._asked;
    this._fetching = true;
    try {
      const take = await this.fetch();
      if (asked !== this._asked) {
        return;
      }
      take();
      this._error = null;
    } catch (error) {
      if (asked !== this._asked) {
        return;
      }
      this._error = asApiError(error);
    }
    this._fetching = false;
    this.emit();
  }

  /** Begin a thread. It is shown at once; failures are in `pending`. */
  async begin(anchor: Place, text: string): Promise<void> {
    await this._send({ key: ++this._keys, thread: null, anchor, text, error: null });
  }

  /** Reply in a thread. It is shown at once; failures are in `pending`. */
  async reply(thread: string, text: string): Promise<void> {
    await this._send({ key: ++this._keys, thread, anchor: null, text, error: null });
  }

  /** Send again what failed. */
  async retry(pending: Pending<Place>): Promise<void> {
    await this._send({ ...pending, error: null });
  }

  /** Give up on what failed. */
  drop(pending: Pending<Place>): void {
    this._pending = this._pending.filter(each => each.key !== pending.key);
    this.emit();
  }

  async edit(thread: Thread, comment: Comment, text: string): Promise<void> {
    this._put(await this.client.request<Thread>('PATCH', commentPath(thread, comment), { text }), null);
  }

  /** Delete one's own comment; the thread goes with its last one. */
  async remove(thread: Thread, comment: Comment): Promise<void> {
    await this.client.request('DELETE', commentPath(thread, comment));
    await this.refresh();
  }

  async resolve(thread: Thread): Promise<void> {
    this._put(await this.client.request<Thread>('POST', `comments/${thread.id}/resolve`), null);
  }

  async reopen(thread: Thread): Promise<void> {
    this._put(await this.client.request<Thread>('POST', `comments/${thread.id}/reopen`), null);
  }

  dispose(): void {
    if (!this._disposed) {
      this._disposed = true;
      Signal.clearData(this);
    }
  }

  /** Ask for the threads; what is returned takes the answer, unless it came too late. */
  protected abstract fetch(): Promise<() => void>;

  /** Have the server begin a thread. */
  protected abstract post(anchor: Place, text: string): Promise<Thread>;

  /** Take a thread that the server just told; `anchor` is where it was begun, null for one that is known. */
  protected abstract put(thread: Thread, anchor: Place | null): void;

  protected emit(): void {
    if (!this._disposed) {
      this._changed.emit();
    }
  }

  private async _send(pending: Pending<Place>): Promise<void> {
    const others = this._pending.filter(each => each.key !== pending.key);
    this._pending = [...others, pending];
    this.emit();
    try {
      const { thread, anchor, text } = pending;
      const reply =
        anchor !== null
          ? await this.post(anchor, text)
          : await this.client.request<Thread>('POST', `comments/${thread}/comments`, { text });
      this._pending = this._pending.filter(each => each.key !== pending.key);
      this._put(reply, anchor);
    } catch (error) {
      const failed = { ...pending, error: asApiError(error) };
      this._pending = this._pending.map(each => (each.key === pending.key ? failed : each));
      this.emit();
    }
  }

  /** A list that is under way may be older than this, so it is asked for again. */
  private _put(thread: Thread, anchor: Place | null): void {
    this.put(thread, anchor);
    this.emit();
    if (this._fetching) {
      void this.refresh();
    }
  }
}

function commentPath(thread: Thread, comment: Comment): string {
  return `comments/${thread.id}/comments/${comment.id}`;
}
