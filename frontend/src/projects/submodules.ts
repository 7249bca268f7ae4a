import { type ISignal, Signal } from '@lumino/signaling';

import type { Client } from '../api/client';
import type { Operation, OperationModel, Operations } from '../api/operations';
import type { Wire } from '../api/wire';

export type Submodule = Wire<'Submodule'>;

export interface SubmodulesOptions {
  client: Client;
  operations: Operations;
  project: string;
  /** Of the branch. */
  url: (what: string) => string;
}

/** The submodules of a branch, and letting them in. */
export class Submodules {
  private readonly _options: SubmodulesOptions;
  private readonly _changed = new Signal<this, void>(this);
  private _listed: readonly Submodule[] = [];
  private _fetching: OperationModel | null = null;

  constructor(options: SubmodulesOptions) {
    this._options = options;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get listed(): readonly Submodule[] {
    return this._listed;
  }

  /** The fetch that runs, or ran last and failed. */
  get fetching(): OperationModel | null {
    return this._fetching;
  }

  async load(): Promise<void> {
    const { client, url } = this._options;
    this._listed = (await client.request<Wire<'SubmoduleList'>>('GET', url('submodules'))).submodules;
    this._changed.emit();
  }

  /** Let the project fetch from this very address, and fetch. For owners. */
  async letIn(address: string): Promise<void> {
    await this._said('consent', address);
    await this.fetch();
  }

  /** Empty its folders, and fetch nothing from there any more. For owners. */
  async turnOff(address: string): Promise<void> {
    await this._said('withdraw', address);
    await this.load();
  }

  /** Have those that were let in in the branch's folder. */
  async fetch(): Promise<void> {
    const { client, operations, url } = this._options;
    this._fetching = operations.follow(await client.request<Operation>('POST', url('submodules/fetch')));
    this._changed.emit();
    try {
      await this._fetching.done;
      this._fetching = null;
    } catch {
      // Its error is shown where it was started.
    }
    await this.load();
  }

  private async _said(what: 'consent' | 'withdraw', address: string): Promise<void> {
    const { client, project } = this._options;
    await client.request('POST', `projects/${project}/submodules/${what}`, { url: address });
  }
}
