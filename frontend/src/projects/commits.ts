import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import type { Client } from '../api/client';
import { type ApiError, asApiError } from '../api/errors';
import type { Events } from '../api/events';
import { Refresh } from '../api/refresh';
import type { Wire } from '../api/wire';
import { CommitPages, type GraphCommit, type Wanted } from './commit-pages';
import type { FileChange, FileDiff } from './git';
import type { LaneRow } from './lanes';

export type CommitDetails = Wire<'CommitDetails'>;
export type Comparison = Wire<'Comparison'>;
export type RestoredFile = Wire<'RestoredFile'>;

const REFRESH_MS = 1_000;

/** The commits of a project: listed, looked at, compared. */
export class CommitsModel implements IDisposable {
  readonly project: string;
  /** The branch whose worktree files are brought back to. */
  readonly home: string;
  private readonly _client: Client;
  private readonly _pages: CommitPages;
  private readonly _subscription: IDisposable;
  private readonly _refresh: Refresh;
  private readonly _changed = new Signal<this, void>(this);
  private _selected: string | null = null;
  private _base: string | null = null;
  private _details: CommitDetails | null = null;
  private _comparison: Comparison | null = null;
  private _shownError: ApiError | null = null;
  private _path: string | null = null;
  private _diff: FileDiff | null = null;
  private _diffError: ApiError | null = null;
  private _restored: RestoredFile | null = null;
  private _disposed = false;

  constructor(client: Client, events: Events, project: string, home: string, wanted: Partial<Wanted> = {}) {
    this.project = project;
    this.home = home;
    this._client = client;
    const first: Wanted = { branch: home, by: 'message', text: '', ...wanted };
    this._pages = new CommitPages(client, this._url('graph'), first, () => this._emit());
    this._refresh = new Refresh(() => this._pages.refresh(), REFRESH_MS);
    this._subscription = events.on('projects', event => {
      if (event === null || event.id === project) {
        this._refresh.soon();
      }
    });
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get wanted(): Wanted {
    return this._pages.wanted;
  }

  /** Null until the first answer. */
  get commits(): readonly GraphCommit[] | null {
    return this._pages.commits;
  }

  /** How each commit is drawn; empty for what was found by a search, which has gaps. */
  get rows(): readonly LaneRow[] {
    return this._pages.rows;
  }

  /** Whether there are more than are listed. */
  get more(): boolean {
    return this._pages.more;
  }

  get error(): ApiError | null {
    return this._pages.error;
  }

  /** The commit that is looked at. */
  get selected(): string | null {
    return this._selected;
  }

  /** The commit with which the selected one is compared; null: with the one before it. */
  get base(): string | null {
    return this._base;
  }

  get details(): CommitDetails | null {
    return this._details;
  }

  /** The files that are shown: those of the selected commit, or between it and the base. */
  get comparison(): Comparison | null {
    return this._comparison;
  }

  get shownError(): ApiError | null {
    return this._shownError;
  }

  get path(): string | null {
    return this._path;
  }

  get diff(): FileDiff | null {
    return this._diff;
  }

  get diffError(): ApiError | null {
    return this._diffError;
  }

  /** The file that was brought back last. */
  get restored(): RestoredFile | null {
    return this._restored;
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  /** List others. */
  async want(wanted: Partial<Wanted>): Promise<void> {
    await this._pages.want(wanted);
    await this._lookAtSomething();
  }

  /** List from the beginning. */
  async load(): Promise<void> {
    await this._pages.load();
    await this._lookAtSomething();
  }

  /** List the next ones, below. */
  async loadMore(): Promise<void> {
    await this._pages.loadMore();
  }

  /** Look at a commit. */
  async select(sha: string): Promise<void> {
    this._selected = sha;
    this._emit();
    await this._look();
  }

  /** Look at a commit, and compare it with none but the one before it. */
  async only(sha: string): Promise<void> {
    this._base = null;
    await this.select(sha);
  }

  /** Compare what is looked at with a commit or branch; with the one before it again when null. */
  async compareWith(base: string | null): Promise<void> {
    this._base = base;
    this._emit();
    await this._look();
  }

  /** Show how a file differs. */
  async show(path: string): Promise<void> {
    const { _comparison: between } = this;
    this._path = path;
    this._emit();
    if (!between) {
      return;
    }
    try {
      const diff = await this._client.request<FileDiff>('GET', this._url('compare/file'), undefined, {
        query: { path, old: between.old, new: between.new }
      });
      if (this._path === path && this._comparison === between) {
        this._diff = diff;
        this._diffError = null;
        this._emit();
      }
    } catch (error) {
      if (this._path === path && this._comparison === between) {
        this._diff = null;
        this._diffError = asApiError(error);
        this._emit();
      }
    }
  }

  /** Bring a file back to what it is in a commit, in the worktree of `home`. */
  async restore(file: FileChange): Promise<void> {
    const between = this._comparison;
    if (between) {
      const commit = file.change === 'deleted' ? between.old : between.new;
      this._restored = await this._client.request<RestoredFile>('POST', this._homeUrl('restore-file'), {
        path: file.path,
        commit
      });
      this._emit();
    }
  }

  async undoRestore(): Promise<void> {
    await this._client.request('POST', this._homeUrl('undo-pull'), { backup: this._restored?.backup ?? '' });
    this._restored = null;
    this._emit();
  }

  dispose(): void {
    if (!this._disposed) {
      this._disposed = true;
      this._subscription.dispose();
      this._refresh.dispose();
      Signal.clearData(this);
    }
  }

  private async _lookAtSomething(): Promise<void> {
    const [newest] = this.commits ?? [];
    if (newest && this._selected === null) {
      await this.select(newest.sha);
    }
  }

  private async _look(): Promise<void> {
    const { _selected: sha, _base: base } = this;
    if (sha === null) {
      return;
    }
    try {
      const details = await this._client.request<CommitDetails>('GET', this._url(`commits/${sha}`));
      const comparison =
        base === null
          ? details.changes
          : await this._client.request<Comparison>('GET', this._url('compare'), undefined, {
              query: { old: base, new: sha }
            });
      if (this._selected !== sha || this._base !== base) {
        return;
      }
      this._details = details;
      this._comparison = comparison;
      this._shownError = null;
    } catch (error) {
      if (this._selected !== sha || this._base !== base) {
        return;
      }
      this._details = null;
      this._comparison = null;
      this._shownError = asApiError(error);
    }
    this._diff = null;
    this._diffError = null;
    const files = this._comparison?.files ?? [];
    const shown = files.find(file => file.path === this._path) ?? files[0];
    this._path = shown?.path ?? null;
    this._emit();
    if (shown) {
      await this.show(shown.path);
    }
  }

  private _url(what: string): string {
    return `projects/${this.project}/${what}`;
  }

  private _homeUrl(what: string): string {
    return this._url(`branches/${encodeURIComponent(this.home)}/${what}`);
  }

  private _emit(): void {
    if (!this._disposed) {
      this._changed.emit();
    }
  }
}
