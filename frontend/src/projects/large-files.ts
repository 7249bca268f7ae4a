import { type ISignal, Signal } from '@lumino/signaling';

import type { Client } from '../api/client';
import type { Operation, OperationModel, Operations } from '../api/operations';
import type { Wire } from '../api/wire';

export type LargeFile = Wire<'LargeFile'>;

/** The files of a branch that are stored in Git LFS. */
export class LargeFiles {
  private readonly _client: Client;
  private readonly _operations: Operations;
  private readonly _url: string;
  private readonly _changed = new Signal<this, void>(this);
  private _listed: readonly LargeFile[] = [];
  private _fetching: OperationModel | null = null;

  /** `url` of the branch. */
  constructor(client: Client, operations: Operations, url: string) {
    this._client = client;
    this._operations = operations;
    this._url = `${url}large-files`;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Those of which only the pointer is here. */
  get missing(): readonly LargeFile[] {
    return this._listed.filter(file => !file.here);
  }

  /** The fetch that runs, or ran last and failed. */
  get fetching(): OperationModel | null {
    return this._fetching;
  }

  async load(): Promise<void> {
    this._listed = (await this._client.request<Wire<'LargeFileList'>>('GET', this._url)).files;
    this._changed.emit();
  }

  /** Fetch the contents of these files; of all without any. */
  async fetch(paths: readonly string[] = []): Promise<void> {
    this._fetching = this._operations.follow(
      await this._client.request<Operation>('POST', `${this._url}/fetch`, { paths })
    );
    this._changed.emit();
    try {
      await this._fetching.done;
      this._fetching = null;
    } catch {
      // Its error is shown where it was started.
    }
    await this.load();
  }
}
