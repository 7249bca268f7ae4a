import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import type { Client } from '../api/client';
import type { Events } from '../api/events';
import { Refresh } from '../api/refresh';
import type { Wire } from '../api/wire';
import type { IWhoIsWhere, OpenFile } from '../projects/tokens';

/** Between two looks, however many people come and go. */
const APART_MS = 1_000;

/** Which files the others have open, anywhere in the workspace. */
export class OpenFiles implements IWhoIsWhere, IDisposable {
  readonly go: (path: string, person: string) => void;
  private readonly _client: Client;
  private readonly _me: () => string;
  private readonly _changed = new Signal<this, void>(this);
  private readonly _refresh = new Refresh(() => this._load(), APART_MS);
  private readonly _subscription: IDisposable;
  private _files: readonly OpenFile[] = [];
  private _disposed = false;

  /** `me` is the name by which the server lists this person; `go` leads to somebody. */
  constructor(client: Client, events: Events, me: () => string, go: (path: string, person: string) => void) {
    this._client = client;
    this._me = me;
    this.go = go;
    this._subscription = events.on('documents', this.refresh);
    this.refresh();
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Look again, for somebody may have come or gone. */
  readonly refresh = (): void => {
    this._refresh.soon();
  };

  below(folder: string): readonly OpenFile[] {
    return this._files.filter(({ path }) => path.startsWith(`${folder}/`));
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  dispose(): void {
    if (!this._disposed) {
      this._disposed = true;
      this._subscription.dispose();
      this._refresh.dispose();
      Signal.clearData(this);
    }
  }

  private async _load(): Promise<void> {
    const { documents } = await this._client.request<Wire<'OpenDocumentList'>>('GET', 'documents/open');
    const me = this._me();
    const files = documents
      .map(({ path, people }) => ({ path, people: people.filter(person => person !== me) }))
      .filter(({ people }) => people.length > 0);
    if (!this._disposed && JSON.stringify(files) !== JSON.stringify(this._files)) {
      this._files = files;
      this._changed.emit();
    }
  }
}
