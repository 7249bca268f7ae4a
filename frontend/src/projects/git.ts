import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import type { Client } from '../api/client';
import { asApiError, type ApiError } from '../api/errors';
import type { Events } from '../api/events';
import { Refresh } from '../api/refresh';
import type { Operation, OperationModel, Operations } from '../api/operations';
import type { Wire } from '../api/wire';
import { Asides } from './asides';
import { Committing } from './committing';
import { LargeFiles } from './large-files';
import { Pulling } from './pulling';
import { Submodules } from './submodules';

export type Status = Wire<'Status'>;
export type FileChange = Wire<'FileChange'>;
export type FileDiff = Wire<'FileDiff'>;
export type CellDiff = Wire<'CellDiff'>;
export type Review = Wire<'Review'>;

const REFRESH_MS = 1_000;

/** A branch in the Git view: what changed, what is chosen, what is being done. */
export class GitModel implements IDisposable {
  readonly project: string;
  readonly branch: string;
  readonly committing: Committing;
  readonly pulling: Pulling;
  readonly asides: Asides;
  readonly largeFiles: LargeFiles;
  readonly submodules: Submodules;
  private readonly _client: Client;
  private readonly _operations: Operations;
  private readonly _subscription: IDisposable;
  private readonly _refresh: Refresh;
  private readonly _changed = new Signal<this, void>(this);
  private readonly _save: () => Promise<void>;
  private _status: Status | null = null;
  private _error: ApiError | null = null;
  private _path: string | null = null;
  private _diff: FileDiff | null = null;
  private _diffError: ApiError | null = null;
  private _operation: OperationModel | null = null;
  private _review: Review | null = null;
  private _disposed = false;

  /** `save` writes open documents to the disk. */
  constructor(
    client: Client,
    events: Events,
    operations: Operations,
    project: string,
    branch: string,
    save: () => Promise<void>
  ) {
    this.project = project;
    this.branch = branch;
    this._client = client;
    this._operations = operations;
    this._save = save;
    this.asides = new Asides({ client, project, branch, save, reload: () => this.load() });
    this.largeFiles = new LargeFiles(client, operations, this._url(''));
    const url = (what: string) => this._url(what);
    this.submodules = new Submodules({ client, operations, project, url });
    this.committing = new Committing({ client, save, url, load: () => this.load() });
    this.committing.changed.connect(() => this._emit());
    this.pulling = new Pulling({
      client,
      save,
      url,
      follow: started => this._ended(started)
    });
    this.pulling.changed.connect(() => this._emit());
    this._refresh = new Refresh(() => this._fetch(), REFRESH_MS);
    this._subscription = events.on('projects', event => {
      if (event === null || event.id === project) {
        this.refresh();
      }
    });
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get status(): Status | null {
    return this._status;
  }

  get error(): ApiError | null {
    return this._error;
  }

  /** The file whose difference is shown. */
  get path(): string | null {
    return this._path;
  }

  get diff(): FileDiff | null {
    return this._diff;
  }

  get diffError(): ApiError | null {
    return this._diffError;
  }

  /** The push, pull or merge that runs, or ran last and failed. */
  get operation(): OperationModel | null {
    return this._operation;
  }

  get review(): Review | null {
    return this._review;
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  /** Save what is open, then look. */
  async open(): Promise<void> {
    await this._save();
    await this.load();
  }

  load(): Promise<void> {
    return this._refresh.now();
  }

  private async _fetch(): Promise<void> {
    try {
      this._status = await this._client.request<Status>('GET', this._url('status'));
      this._error = null;
    } catch (error) {
      this._error = asApiError(error);
    }
    const files = this._status?.files ?? [];
    const shown = files.find(file => file.path === this._path) ?? files[0];
    await this.show(shown?.path ?? null);
  }

  refresh(): void {
    this._refresh.soon();
  }

  /** Show the difference of a file. */
  async show(path: string | null): Promise<void> {
    this._path = path;
    if (path === null) {
      this._diff = null;
      this._emit();
      return;
    }
    this._emit();
    try {
      const diff = await this._client.request<FileDiff>('GET', this._url('diff'), undefined, {
        query: { path }
      });
      if (this._path === path) {
        this._diff = diff;
        this.committing.staging.seen(path, diff.parts ?? []);
        this._diffError = null;
      }
    } catch (error) {
      if (this._path === path) {
        this._diff = null;
        this._diffError = asApiError(error);
      }
    }
    this._emit();
  }

  /** True when it succeeded; failure stays with `operation`. */
  async push(): Promise<boolean> {
    return this._run(await this._client.request<Operation>('POST', this._url('push')));
  }

  async merge(summary: string): Promise<boolean> {
    const merged = await this._run(
      await this._client.request<Operation>('POST', this._url('merge'), { summary })
    );
    if (merged) {
      this._review = null;
      this._emit();
    }
    return merged;
  }

  async openReview(): Promise<void> {
    this._operation = null;
    this._review = await this._client.request<Review>('GET', this._url('review'));
    this._emit();
  }

  closeReview(): void {
    this._review = null;
    this._operation = null;
    this._emit();
  }

  async log(limit: number): Promise<Wire<'Commit'>[]> {
    const reply = await this._client.request<Wire<'CommitList'>>('GET', this._url('log'), undefined, {
      query: { limit }
    });
    return reply.commits;
  }

  dispose(): void {
    if (!this._disposed) {
      this._disposed = true;
      this._subscription.dispose();
      this._refresh.dispose();
      Signal.clearData(this);
    }
  }

  private async _run(started: Operation): Promise<boolean> {
    return (await this._ended(started))?.state === 'succeeded';
  }

  private async _ended(started: Operation): Promise<Operation | null> {
    const operation = this._operations.follow(started);
    this._operation = operation;
    this._emit();
    try {
      const ended = await operation.done;
      this._operation = null;
      await this.load();
      return ended;
    } catch {
      // Its error is shown where it was started.
      this._emit();
      return null;
    }
  }

  private _url(what: string): string {
    return `projects/${this.project}/branches/${encodeURIComponent(this.branch)}/${what}`;
  }

  private _emit(): void {
    if (!this._disposed) {
      this._changed.emit();
    }
  }
}
