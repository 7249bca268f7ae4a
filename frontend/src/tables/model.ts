import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import type { Client } from '../api/client';
import { type ApiError, asApiError } from '../api/errors';
import type { Events } from '../api/events';
import type { Wire } from '../api/wire';
import { readTable, type TableData } from '../ui/output';

export type Table = Wire<'Table'>;
export type TableVersion = Wire<'TableVersion'>;

/** How many rows a preview shows. */
const PREVIEW_ROWS = 50;

/** What is shown of a table that is folded out. Null while loading. */
export interface Details {
  /** The earlier version that is looked at; null: the table as it is. */
  at: number | null;
  /** What was restored just now: which version, and the one that undoes it. */
  restored: { version: number; before: number } | null;
  preview: TableData | null;
  history: readonly TableVersion[] | null;
  error: ApiError | null;
}

/** The tables as the current notebook reads them. */
export class TablesModel implements IDisposable {
  private readonly _changed = new Signal<this, void>(this);
  private readonly _client: Client;
  private readonly _subscription: IDisposable;
  private readonly _details = new Map<string, Details>();
  private _tables: readonly Table[] | null = null;
  private _error: ApiError | null = null;
  private _notebook = '';
  private _asked = 0;
  private _disposed = false;

  constructor(client: Client, events: Events) {
    this._client = client;
    this._subscription = events.on('tables', () => void this.refresh());
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Null while loading. */
  get tables(): readonly Table[] | null {
    return this._tables;
  }

  get error(): ApiError | null {
    return this._error;
  }

  /** Of a table that is folded out; null when it is not. */
  details(name: string): Details | null {
    return this._details.get(name) ?? null;
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  /** Look as this notebook does (its path); an empty text for none. */
  async show(notebook: string): Promise<void> {
    if (notebook !== this._notebook || this._tables === null) {
      this._notebook = notebook;
      await this.refresh();
    }
  }

  async refresh(): Promise<void> {
    const asked = ++this._asked;
    try {
      const reply = await this._client.request<Wire<'TableList'>>('GET', 'tables', undefined, {
        query: this._query
      });
      if (asked !== this._asked) {
        return;
      }
      this._tables = reply.tables;
      this._error = null;
    } catch (error) {
      if (asked === this._asked) {
        this._error = asApiError(error);
      }
    }
    this._changed.emit();
    await Promise.all([...this._details.keys()].map(name => this._fetchDetails(name)));
  }

  /** Fold a table out or in. */
  async toggle(name: string): Promise<void> {
    if (this._details.delete(name)) {
      this._changed.emit();
    } else {
      this._details.set(name, { at: null, restored: null, preview: null, history: null, error: null });
      this._changed.emit();
      await this._fetchDetails(name);
    }
  }

  async reload(name: string): Promise<void> {
    await this._fetchDetails(name);
  }

  /** Show the table as it was at a version; null: as it is. */
  async look(name: string, version: number | null): Promise<void> {
    const old = this._details.get(name);
    if (old) {
      const at = version === this._table(name)?.version ? null : version;
      this._details.set(name, { ...old, at, preview: null });
      this._changed.emit();
      await this._fetchDetails(name);
    }
  }

  /** Make the newest version hold what an earlier one held. */
  async restore(name: string, version: number): Promise<void> {
    const before = this._table(name)?.version ?? 0;
    await this._restore(name, version, { version, before });
  }

  /** Take the last restore back. */
  async undo(name: string): Promise<void> {
    const restored = this._details.get(name)?.restored;
    if (restored) {
      await this._restore(name, restored.before, null);
    }
  }

  private async _restore(name: string, version: number, restored: Details['restored']): Promise<void> {
    await this._client.request('POST', `tables/${encodeURIComponent(name)}/restore`, {
      version,
      notebook: this._notebook
    });
    const old = this._details.get(name);
    if (old) {
      this._details.set(name, { ...old, at: null, restored });
    }
    await this.refresh();
  }

  private _table(name: string): Table | undefined {
    return this._tables?.find(table => table.name === name);
  }

  /** Delete the branch's own copy, so that the workspace's table is seen again. */
  async discard(name: string): Promise<void> {
    await this._client.request('POST', `tables/${encodeURIComponent(name)}/discard`, {
      notebook: this._notebook
    });
    await this.refresh();
  }

  /** The page of the run that wrote a version. */
  runUrl(run: string): string {
    return `${this._client.settings.baseUrl}atrium/runs/${encodeURIComponent(run)}`;
  }

  dispose(): void {
    if (!this._disposed) {
      this._disposed = true;
      this._subscription.dispose();
      Signal.clearData(this);
    }
  }

  private async _fetchDetails(name: string): Promise<void> {
    const path = `tables/${encodeURIComponent(name)}`;
    const old = this._details.get(name);
    const at = old?.at ?? null;
    const kept = { at, restored: old?.restored ?? null };
    let details: Details;
    try {
      const [preview, history] = await Promise.all([
        this._client.request<unknown>('GET', `${path}/preview`, undefined, {
          query: { ...this._query, limit: PREVIEW_ROWS, ...(at === null ? {} : { version: at }) }
        }),
        this._client.request<Wire<'TableHistory'>>('GET', `${path}/history`, undefined, {
          query: this._query
        })
      ]);
      details = { ...kept, preview: readTable(preview), history: history.versions, error: null };
    } catch (error) {
      const known = { preview: old?.preview ?? null, history: old?.history ?? null };
      details = { ...kept, ...known, error: asApiError(error) };
    }
    // It may have been folded in meanwhile, or another version is looked at by now.
    if (this._details.get(name)?.at === at) {
      this._details.set(name, details);
      this._changed.emit();
    }
  }

  private get _query(): { notebook?: string } {
    return this._notebook ? { notebook: this._notebook } : {};
  }
}
