import type { IDisposable } from '@lumino/disposable';

import type { Client } from '../api/client';
import type { Events } from '../api/events';
import type { Wire } from '../api/wire';
import type { Anchor } from './anchor';
import { type Pending as AnyPending, type Thread, Threads } from './threads';

export type { Comment, Person, Thread } from './threads';
export type Pending = AnyPending<Anchor>;

/** The threads of one notebook. */
export class ThreadsModel extends Threads<Anchor> {
  private readonly _subscriptions: IDisposable[];
  private _notebook: string;
  private _document = '';
  private _threads: readonly Thread[] | null = null;

  /** `notebook` is its path below the workspace's folder. */
  constructor(client: Client, events: Events, notebook: string) {
    super(client);
    this._notebook = notebook;
    this._subscriptions = [
      events.on('comments', event => {
        if (event === null || event.id === this._document) {
          void this.refresh();
        }
      }),
      // Another role may be another right to say something.
      events.on('access', event => {
        if (event) {
          void this.refresh();
        }
      })
    ];
  }

  /** Null while loading. */
  get threads(): readonly Thread[] | null {
    return this._threads;
  }

  /** The notebook has another name now. */
  async rename(notebook: string): Promise<void> {
    if (notebook !== this._notebook) {
      this._notebook = notebook;
      await this.refresh();
    }
  }

  override dispose(): void {
    this._subscriptions.forEach(one => one.dispose());
    super.dispose();
  }

  protected async fetch(): Promise<() => void> {
    const reply = await this.client.request<Wire<'ThreadList'>>('GET', 'comments', undefined, {
      query: { notebook: this._notebook }
    });
    return () => {
      this._document = reply.document;
      this._threads = reply.threads;
      this.mayComment = reply.may_comment;
    };
  }

  protected post(anchor: Anchor, text: string): Promise<Thread> {
    return this.client.request<Thread>('POST', 'comments', { notebook: this._notebook, anchor, text });
  }

  protected put(thread: Thread): void {
    const threads = this._threads ?? [];
    this._threads = threads.some(each => each.id === thread.id)
      ? threads.map(each => (each.id === thread.id ? thread : each))
      : [...threads, thread];
  }
}
