import type { IDisposable } from '@lumino/disposable';

import type { Client } from '../api/client';
import type { Events } from '../api/events';
import { Refresh } from '../api/refresh';
import type { Wire } from '../api/wire';
import { placeOf, type Spot } from '../projects/remarks';
import type { Reviewed } from '../projects/tokens';
import { type Thread, Threads } from './threads';

/** A thread in a review; `spot` null: outdated, its lines are no longer there. */
export interface ReviewThread {
  path: string;
  thread: Thread;
  spot: Spot | null;
}

/** Where a thread is begun: in which file, and at which commit the lines were shown. */
export interface Begun {
  path: string;
  commit: string;
  spot: Spot;
}

/** What is being written, kept while the review is closed. */
export interface Draft extends Begun {
  text: string;
  /** Which time of asking to write here this was; 0 for one that was left when the review was closed. */
  asked: number;
}

/** What is being written in all reviews. */
export interface Drafts {
  /** By the review's address. */
  begun: Map<string, readonly Draft[]>;
  /** Replies and edits, as `Threads` keeps them. */
  written: Map<string, string>;
}

const REFRESH_MS = 200;

/** The threads in the review of a branch. */
export class ReviewThreads extends Threads<Begun> {
  private readonly _refresh = new Refresh(() => this.refresh(), REFRESH_MS);
  private readonly _subscriptions: IDisposable[];
  private readonly _kept: Drafts['begun'];
  private _reviewed: Reviewed;
  private _threads: readonly ReviewThread[] = [];
  private _movedOn = '';
  private _times = 0;

  constructor(client: Client, events: Events, reviewed: Reviewed, drafts: Drafts) {
    super(client, drafts.written);
    this._reviewed = reviewed;
    this._kept = drafts.begun;
    this._keep(this.drafts.filter(one => one.text.trim()).map(one => ({ ...one, asked: 0 })));
    const { project } = reviewed;
    this._subscriptions = [
      events.on('comments', event => {
        if (event === null || event.id.startsWith(`project:${project}/`)) {
          this._refresh.soon();
        }
      }),
      events.on('projects', event => {
        if (event?.id === project) {
          this._refresh.soon();
        }
      }),
      // Another role may be another right to say something.
      events.on('access', event => {
        if (event) {
          this._refresh.soon();
        }
      })
    ];
    void this.refresh();
  }

  get threads(): readonly ReviewThread[] {
    return this._threads;
  }

  /** The branch's commit, when it is another than the one that is shown. */
  get movedOn(): string {
    return this._movedOn;
  }

  /** The comments that are being written. */
  get drafts(): readonly Draft[] {
    return this._kept.get(this._url()) ?? [];
  }

  /** Whether the lines that something was begun on are those that are shown, and not of an earlier commit. */
  isShown({ commit, spot }: Begun): boolean {
    return commit === this._commit(spot);
  }

  /** Other commits are shown now. */
  follow(reviewed: Reviewed): void {
    if (reviewed.head !== this._reviewed.head || reviewed.fork !== this._reviewed.fork) {
      this._reviewed = reviewed;
      void this.refresh();
    }
  }

  /** Begin to write a comment. One that is being written below the same line goes on, about these lines if they are several. */
  compose(path: string, spot: Spot): void {
    const begun = { path, commit: this._commit(spot), spot };
    const known = this.drafts.find(one => same(one, begun));
    const lines = known && spot.first === spot.last ? known.spot : spot;
    const draft = { ...begun, spot: lines, text: known?.text ?? '', asked: ++this._times };
    this._keep([...this._without(begun), draft]);
    this.emit();
  }

  /** Keep what is written. Whoever writes has it on the screen already. */
  write(draft: Begun, text: string): void {
    this._keep(this.drafts.map(one => (same(one, draft) ? { ...one, text } : one)));
  }

  /** Write no longer. */
  cancel(draft: Begun): void {
    this._keep(this._without(draft));
    this.emit();
  }

  /** Send what was written. */
  async send(draft: Begun, text: string): Promise<void> {
    this._keep(this._without(draft));
    await this.begin({ path: draft.path, commit: draft.commit, spot: draft.spot }, text);
  }

  override dispose(): void {
    this._refresh.dispose();
    this._subscriptions.forEach(one => one.dispose());
    super.dispose();
  }

  protected async fetch(): Promise<() => void> {
    const reply = await this.client.request<Wire<'ReviewThreads'>>('GET', this._url());
    return () => {
      const { head, fork } = this._reviewed;
      this.mayComment = reply.may_comment;
      this._movedOn = reply.head === head && reply.fork === fork ? '' : reply.head;
      const told = reply.threads.map(({ path, thread, spot }) => ({ path, thread, spot: spot && of(spot) }));
      // Lines of other commits than are shown: what is said comes, where it hangs stays as it is.
      this._threads = this._movedOn
        ? this._threads.flatMap(known => {
            const now = told.find(one => one.thread.id === known.thread.id);
            return now ? [{ ...known, thread: now.thread }] : [];
          })
        : told;
    };
  }

  protected post({ path, commit, spot }: Begun, text: string): Promise<Thread> {
    const { side, cell, first, last } = spot;
    return this.client.request<Thread>('POST', this._url(), {
      path,
      commit,
      side,
      cell_id: cell,
      first,
      last,
      text
    });
  }

  protected put(thread: Thread, begun: Begun | null): void {
    this._threads = this._threads.some(one => one.thread.id === thread.id)
      ? this._threads.map(one => (one.thread.id === thread.id ? { ...one, thread } : one))
      : begun
        ? [...this._threads, { path: begun.path, thread, spot: begun.spot }]
        : this._threads;
  }

  private _commit({ side }: Spot): string {
    return side === 'old' ? this._reviewed.fork : this._reviewed.head;
  }

  private _without(begun: Begun): Draft[] {
    return this.drafts.filter(one => !same(one, begun));
  }

  private _keep(drafts: readonly Draft[]): void {
    this._kept.set(this._url(), drafts);
  }

  private _url(): string {
    const { project, branch } = this._reviewed;
    return `projects/${project}/branches/${encodeURIComponent(branch)}/review/threads`;
  }
}

/** Whether two hang below the same line. */
function same(one: Begun, other: Begun): boolean {
  return one.path === other.path && one.commit === other.commit && placeOf(one.spot) === placeOf(other.spot);
}

function of({ side, cell_id, first, last }: Wire<'Spot'>): Spot {
  return { side, cell: cell_id, first, last };
}
