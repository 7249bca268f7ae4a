import { type ISignal, Signal } from '@lumino/signaling';

import type { Client } from '../api/client';
import type { Wire } from '../api/wire';
import { type Selection, Staging } from './staging';

export type Commit = Wire<'Commit'>;
export type Discarded = Wire<'Discarded'>;
export type CellOutputs = Wire<'CellOutputs'>;
export type LastCommit = Wire<'LastCommit'>;
export type CommitWords = Pick<Wire<'CommitRequest'>, 'summary' | 'description' | 'co_authors' | 'amend'>;

export interface CommittingOptions {
  client: Client;
  /** An address of the branch. */
  url: (what: string) => string;
  /** Write open documents to the disk. */
  save: () => Promise<void>;
  /** Look at the branch again. */
  load: () => Promise<void>;
}

/** What of a branch's changes becomes a commit, and what is thrown away. */
export class Committing {
  readonly staging = new Staging();
  private readonly _options: CommittingOptions;
  private readonly _changed = new Signal<this, void>(this);
  private _discarded: Discarded | null = null;
  private _amended: Commit | null = null;

  constructor(options: CommittingOptions) {
    this._options = options;
    this.staging.changed.connect(() => this._changed.emit());
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** What was discarded last and can be brought back. */
  get discarded(): Discarded | null {
    return this._discarded;
  }

  /** What the last amendment made, if that was the last commit. */
  get amended(): Commit | null {
    return this._amended;
  }

  /** Have the commit again that was amended. */
  async undoAmend(): Promise<void> {
    await this._post('undo-amend', { commit: this._amended?.sha ?? '' });
    this._amended = null;
    await this._options.load();
  }

  /** What a changed cell showed in the last commit, and shows now. */
  async outputs(path: string, part: string): Promise<CellOutputs> {
    return this._options.client.request<CellOutputs>('GET', this._options.url('diff/outputs'), undefined, {
      query: { path, part }
    });
  }

  /** The last commit, to amend it; `refused` says why that cannot be. */
  async lastCommit(): Promise<LastCommit> {
    return this._options.client.request<LastCommit>('GET', this._options.url('last-commit'));
  }

  /** Commit what is ticked of these files. */
  async commit(files: readonly string[], words: CommitWords): Promise<Commit> {
    await this._options.save();
    const commit = await this._post<Commit>('commit', { ...this.staging.of(files), ...words });
    this._discarded = null;
    this._amended = words.amend ? commit : null;
    await this._options.load();
    return commit;
  }

  async discard(what: Selection): Promise<void> {
    await this._options.save();
    this._discarded = await this._post<Discarded>('discard', what);
    // One step is offered to be taken back: the last.
    this._amended = null;
    await this._options.load();
  }

  async undoDiscard(): Promise<void> {
    await this._post('restore', { backup: this._discarded?.backup ?? '' });
    this._discarded = null;
    await this._options.load();
  }

  private async _post<Reply>(what: string, body: unknown): Promise<Reply> {
    return this._options.client.request<Reply>('POST', this._options.url(what), body);
  }
}
