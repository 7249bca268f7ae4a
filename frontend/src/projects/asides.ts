import { type ISignal, Signal } from '@lumino/signaling';

import type { Client } from '../api/client';
import type { Wire } from '../api/wire';

export type Aside = Wire<'Aside'>;
export type BroughtBack = Wire<'BroughtBack'>;
export type Take = NonNullable<Wire<'BringBack'>['take']>;

export interface AsidesOptions {
  client: Client;
  project: string;
  branch: string;
  /** Write open documents to the disk. */
  save: () => Promise<void>;
  /** Look at the branch anew. */
  reload: () => Promise<void>;
}

/** Changes that were put aside, and can be brought back. */
export class Asides {
  private readonly _options: AsidesOptions;
  private readonly _changed = new Signal<this, void>(this);
  private _listed: readonly Aside[] = [];
  private _back: BroughtBack | null = null;
  private _dropped: string | null = null;

  constructor(options: AsidesOptions) {
    this._options = options;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Of this branch first, then those of others. */
  get listed(): readonly Aside[] {
    return this._listed;
  }

  /** What was brought back last; that can be taken back. */
  get back(): BroughtBack | null {
    return this._back;
  }

  /** What was taken off the list last. */
  get dropped(): string | null {
    return this._dropped;
  }

  async load(): Promise<void> {
    const { client, project, branch } = this._options;
    const { asides } = await client.request<Wire<'AsideList'>>('GET', `projects/${project}/asides`);
    this._listed = [...asides].sort((a, b) => Number(b.branch === branch) - Number(a.branch === branch));
    this._changed.emit();
  }

  async put(paths: string[], note = ''): Promise<void> {
    await this._options.save();
    await this._options.client.request('POST', this._url(''), { paths, note });
    await this._done(null, null);
  }

  async bringBack(name: string, take: Take = ''): Promise<void> {
    await this._options.save();
    const url = this._url(`/${name}/bring-back`);
    await this._done(await this._options.client.request<BroughtBack>('POST', url, { take }), null);
  }

  async drop(name: string): Promise<void> {
    await this._options.client.request('DELETE', `projects/${this._options.project}/asides/${name}`);
    await this._done(null, name);
  }

  /** Take back what was brought back, or taken off the list, last. */
  async undo(): Promise<void> {
    const { client, project } = this._options;
    if (this._back) {
      const { name, backup } = this._back;
      await client.request('POST', this._url(`/${name}/undo`), { backup });
    } else if (this._dropped) {
      await client.request('POST', `projects/${project}/asides/${this._dropped}/keep`);
    }
    await this._done(null, null);
  }

  private async _done(back: BroughtBack | null, dropped: string | null): Promise<void> {
    await Promise.all([this.load(), this._options.reload()]);
    this._back = back;
    this._dropped = dropped;
    this._changed.emit();
  }

  private _url(what: string): string {
    const { project, branch } = this._options;
    return `projects/${project}/branches/${encodeURIComponent(branch)}/asides${what}`;
  }
}
