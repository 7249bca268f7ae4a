import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import type { Client } from '../api/client';
import { type ApiError, asApiError } from '../api/errors';
import type { Events } from '../api/events';
import type { Wire } from '../api/wire';
import type { Anchor } from './anchor';

export type Thread = Wire<'Thread'>;
export type Comment = Wire<'Comment'>;
export type Person = Wire<'Person'>;

/** A comment on its way to the server. Its text is kept until the server has it. */
export interface Pending {
  readonly key: number;
  /** The thread it replies in; null when it begins one at `anchor`. */
  readonly thread: string | null;
  readonly anchor: Anchor | null;
  readonly text: string;
  /** Null while it is being sent. */
  readonly error: ApiError | null;
}

/** The threads of one notebook. */
export class ThreadsModel implements IDisposable {
  private readonly _client: Client;
  private readonly _subscription: IDisposable;
  private readonly _changed = new Signal<this, void>(this);
  private _notebook: string;
  private _document = '';
  private _threads: readonly Thread[] | null = null;
  private _pending: readonly Pending[] = [];
  private _error: ApiError | null = null;
  private _asked = 0;
  private _fetching = false;
  private _keys = 0;
  private _disposed = false;

  /** `notebook` is its path below the workspace's folder. */
  constructor(client: Client, events: Events, notebook: string) {
    this._client = client;
    this._notebook = notebook;
    this._subscription = events.on('comments', event => {
      if (event === null || event.id === this._document) {
        void this.refresh();
      }
    });
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Null while loading. */
  get threads(): readonly Thread[] | null {
    return this._threads;
  }

  get pending(): readonly Pending[] {
    return this._pending;
  }

  /** Why the threads could not be fetched. */
  get error(): ApiError | null {
    return this._error;
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  /** The notebook has another name now. */
  async rename(notebook: string): Promise<void> {
    if (notebook !== this._notebook) {
      this._notebook = notebook;
      await this.refresh();
    }
  }

  async refresh(): Promise<void> {
    const asked = ++this._asked;
    this._fetching = true;
    try {
      const reply = await this._client.request<Wire<'ThreadList'>>('GET', 'comments', undefined, {
        query: { notebook: this._notebook }
      });
      if (asked !== this._asked) {
        return;
      }
      this._document = reply.document;
      this._threads = reply.threads;
      this._error = null;
    } catch (error) {
      if (asked !== this._asked) {
        return;
      }
      this._error = asApiError(error);
    }
    this._fetching = false;
    this._emit();
  }

  /** Begin a thread. It is shown at once; failures are in `pending`. */
  async begin(anchor: Anchor, text: string): Promise<void> {
    await this._send({ key: ++this._keys, thread: null, anchor, text, error: null });
  }

  /** Reply in a thread. It is shown at once; failures are in `pending`. */
  async reply(thread: string, text: string): Promise<void> {
    await this._send({ key: ++this._keys, thread, anchor: null, text, error: null });
  }

  /** Send again what failed. */
  async retry(pending: Pending): Promise<void> {
    await this._send({ ...pending, error: null });
  }

  /** Give up on what failed. */
  drop(pending: Pending): void {
    this._pending = this._pending.filter(each => each.key !== pending.key);
    this._emit();
  }

  async edit(thread: Thread, comment: Comment, text: string): Promise<void> {
    this._put(await this._client.request<Thread>('PATCH', commentPath(thread, comment), { text }));
  }

  /** Delete one's own comment; the thread goes with its last one. */
  async remove(thread: Thread, comment: Comment): Promise<void> {
    await this._client.request('DELETE', commentPath(thread, comment));
    await this.refresh();
  }

  async resolve(thread: Thread): Promise<void> {
    this._put(await this._client.request<Thread>('POST', `comments/${thread.id}/resolve`));
  }

  async reopen(thread: Thread): Promise<void> {
    this._put(await this._client.request<Thread>('POST', `comments/${thread.id}/reopen`));
  }

  dispose(): void {
    if (!this._disposed) {
      this._disposed = true;
      this._subscription.dispose();
      Signal.clearData(this);
    }
  }

  private async _send(pending: Pending): Promise<void> {
    const others = this._pending.filter(each => each.key !== pending.key);
    this._pending = [...others, pending];
    this._emit();
    try {
      const { thread, anchor, text } = pending;
      const reply =
        thread === null
          ? await this._client.request<Thread>('POST', 'comments', { notebook: this._notebook, anchor, text })
          : await this._client.request<Thread>('POST', `comments/${thread}/comments`, { text });
      this._pending = this._pending.filter(each => each.key !== pending.key);
      this._put(reply);
    } catch (error) {
      const failed = { ...pending, error: asApiError(error) };
      this._pending = this._pending.map(each => (each.key === pending.key ? failed : each));
      this._emit();
    }
  }

  /** A list that is under way may be older than this, so it is asked for again. */
  private _put(thread: Thread): void {
    const threads = this._threads ?? [];
    const known = threads.some(each => each.id === thread.id);
    this._threads = known
      ? threads.map(each => (each.id === thread.id ? thread : each))
      : [...threads, thread];
    this._emit();
    if (this._fetching) {
      void this.refresh();
    }
  }

  private _emit(): void {
    if (!this._disposed) {
      this._changed.emit();
    }
  }
}

function commentPath(thread: Thread, comment: Comment): string {
  return `comments/${thread.id}/comments/${comment.id}`;
}
