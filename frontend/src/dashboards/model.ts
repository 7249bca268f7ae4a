import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import type { Client } from '../api/client';
import { type ApiError, asApiError } from '../api/errors';
import type { Events } from '../api/events';
import type { Wire } from '../api/wire';
import * as layout from './layout';

export type Dashboard = Wire<'Dashboard'>;
export type View = Wire<'DashboardView'>;
export type Link = Wire<'Link'>;

/** How long somebody may pause while typing a title before it is saved. */
const SAVE_MS = 600;

/** Present a notebook (its path): the dashboard that it has, or a new one. */
export function present(client: Client, notebook: string): Promise<Dashboard> {
  return client.request<Dashboard>('POST', 'dashboards', { notebook });
}

/** One dashboard while it is arranged. Changes show at once and are saved a moment later. */
export class EditorModel implements IDisposable {
  readonly slug: string;
  private readonly _changed = new Signal<this, void>(this);
  private readonly _client: Client;
  private readonly _subscription: IDisposable;
  private _view: View | null = null;
  private _links: readonly Link[] | null = null;
  private _error: ApiError | null = null;
  private _saveError: ApiError | null = null;
  private _dirty = false;
  private _saving: Promise<void> = Promise.resolve();
  private _timer: ReturnType<typeof setTimeout> | null = null;
  private _disposed = false;

  constructor(client: Client, events: Events, slug: string) {
    this.slug = slug;
    this._client = client;
    this._subscription = events.on('dashboards', event => {
      if (event === null || event.id === this._view?.id) {
        void this.refresh();
      }
    });
    void this.refresh();
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Null while loading. */
  get view(): View | null {
    return this._view;
  }

  /** Null while loading. */
  get links(): readonly Link[] | null {
    return this._links;
  }

  /** Why it cannot be shown. */
  get error(): ApiError | null {
    return this._error;
  }

  /** Why the last change was not saved. */
  get saveError(): ApiError | null {
    return this._saveError;
  }

  /** Something is not saved yet. */
  get dirty(): boolean {
    return this._dirty;
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  /** Where viewers find it; without a link they need to sign in. */
  get address(): string {
    return `${this.base}${encodeURIComponent(this.slug)}`;
  }

  /** Below which pages for outputs with scripts lie. */
  get base(): string {
    return `${this._client.settings.baseUrl}atrium/dashboards/`;
  }

  async refresh(): Promise<void> {
    if (this._dirty) {
      return; // What somebody does now comes first; saving it brings the newest.
    }
    try {
      const [view, { links }] = await Promise.all([
        this._client.request<View>('GET', this._path()),
        this._client.request<Wire<'LinkList'>>('GET', this._path('/links'))
      ]);
      if (!this._dirty) {
        this._view = view;
        this._links = links;
        this._error = null;
      }
    } catch (error) {
      this._error = asApiError(error);
    }
    this._emit();
  }

  /** Take the outputs of the newest run, or of the notebook while there is none. @throws ApiError */
  async renew(): Promise<void> {
    await this._client.request('POST', this._path('/refresh'));
    await this.refresh();
  }

  /** Change the layout; see `layout.ts`. */
  arrange(change: (view: View) => View): void {
    if (this._view) {
      this._view = change(this._view);
      this._dirty = true;
      this._emit();
      if (this._timer !== null) {
        clearTimeout(this._timer);
      }
      this._timer = setTimeout(() => void this.save(), SAVE_MS);
    }
  }

  /** Save what is not saved yet. */
  save(): Promise<void> {
    if (this._timer !== null) {
      clearTimeout(this._timer);
      this._timer = null;
    }
    // One after the other, so that the last change wins.
    this._saving = this._saving.then(() => this._save());
    return this._saving;
  }

  /** A new share link; its address is in the answer and nowhere else. @throws ApiError */
  async share(days: number): Promise<string> {
    const link = await this._client.request<Link>('POST', this._path('/links'), { days });
    await this._fetchLinks();
    return new URL(this._client.settings.baseUrl + link.url, location.href).href;
  }

  /** Take a link back, at once. @throws ApiError */
  async revoke(id: string): Promise<void> {
    await this._client.request('DELETE', this._path(`/links/${encodeURIComponent(id)}`));
    await this._fetchLinks();
  }

  dispose(): void {
    if (!this._disposed) {
      if (this._dirty) {
        void this.save();
      }
      this._disposed = true;
      this._subscription.dispose();
      Signal.clearData(this);
    }
  }

  private async _save(): Promise<void> {
    if (!this._view || !this._dirty) {
      return;
    }
    const sent = this._view;
    try {
      const saved = await this._client.request<View>('PUT', this._path('/layout'), layout.wire(sent));
      this._saveError = null;
      if (this._view === sent) {
        this._view = saved;
        this._dirty = false;
      }
    } catch (error) {
      this._saveError = asApiError(error);
      if (this._saveError.code === 'other_tiles') {
        this._dirty = false;
        await this.refresh();
      }
    }
    this._emit();
  }

  private async _fetchLinks(): Promise<void> {
    const { links } = await this._client.request<Wire<'LinkList'>>('GET', this._path('/links'));
    this._links = links;
    this._emit();
  }

  private _path(rest = ''): string {
    return `dashboards/${encodeURIComponent(this.slug)}${rest}`;
  }

  private _emit(): void {
    if (!this._disposed) {
      this._changed.emit();
    }
  }
}
