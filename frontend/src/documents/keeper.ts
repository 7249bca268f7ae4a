import type { YDocument, DocumentChange } from '@jupyter/ydoc';
import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';
import * as Y from 'yjs';

import type { Edits, Typed } from './edits';
import type { Kept, KeptStore } from './kept';
import type { Rescue } from './rescue';
import type { Saving } from './saving';
import { cellsOf } from './ycells';

/** What has not been saved for so long is kept by the browser as well. */
export const KEEP_MS = 700;

/** Told to Yjs as the origin of changes that come from the browser's store. */
export const FROM_STORE = 'atrium:kept';

/** The part of a room's connection that is used here. */
export interface KeptRoom {
  readonly model: YDocument<DocumentChange>;
  readonly saving: Saving;
  readonly edits: Edits;
  readonly rescue: Rescue;
  readonly id: string;
  readonly session: string;
  readonly person: string;
  readonly path: string;
}

/** Keeps in the browser what a document's server does not have, and gives it back when the document is opened again. */
export class Keeper implements IDisposable {
  private readonly _store: KeptStore;
  private readonly _room: KeptRoom;
  /** What the server had at the last mark: the rest is what is kept. */
  private _base: Uint8Array | null = null;
  private _given = new Set<string>();
  private _merged = false;
  private readonly _stranger = new Signal<this, Kept>(this);
  private _timer: ReturnType<typeof setTimeout> | null = null;
  private _writing = false;
  private _stored = false;
  private _broken = false;
  private _disposed = false;

  constructor(store: KeptStore, room: KeptRoom) {
    this._store = store;
    this._room = room;
    room.saving.changed.connect(this._onChanged);
    room.saving.covers.connect(this._onCovered);
    document.addEventListener('visibilitychange', this._now);
    window.addEventListener('beforeunload', this._now);
  }

  /** Changes of another document that had the same place; they cannot be merged into this one. */
  get stranger(): ISignal<this, Kept> {
    return this._stranger;
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  /** The document is loaded: add what earlier pages of this person left behind of it. */
  merge(): void {
    this._base ??= Y.encodeStateVector(this._room.model.ydoc);
    if (!this._merged) {
      this._merged = true;
      void this._merge().catch(error => console.warn('Atrium: this browser keeps no changes.', error));
    }
  }

  dispose(): void {
    if (this._disposed) {
      return;
    }
    document.removeEventListener('visibilitychange', this._now);
    window.removeEventListener('beforeunload', this._now);
    clearTimeout(this._timer ?? undefined);
    void this._keep();
    this._disposed = true;
    Signal.clearData(this);
  }

  private async _merge(): Promise<void> {
    const { id, session, person, model } = this._room;
    for (const kept of await this._store.of(person)) {
      if (kept.room !== id || kept.key === this._key || this._disposed) {
        continue;
      }
      if (kept.session !== session) {
        this._stranger.emit(kept);
        continue;
      }
      this._given.add(kept.key);
      const before = this._room.saving.reach;
      const changed = arrivals(model.ydoc, () => Y.applyUpdate(model.ydoc, kept.update, FROM_STORE));
      for (const typed of kept.typed ?? []) {
        if (!changed.has(typed.cell) && lacks(model.ydoc, typed)) {
          this._room.rescue.add(typed);
        }
      }
      if (this._room.saving.reach === before && !model.ydoc.store.pendingStructs) {
        // The server had it all along.
        await this._forget();
      }
    }
  }

  private get _key(): string {
    return `${this._room.id} ${this._room.session} ${this._room.model.ydoc.clientID}`;
  }

  private readonly _onChanged = (): void => {
    if (this._room.saving.unsafe && !this._broken) {
      this._timer ??= setTimeout(() => {
        this._timer = null;
        void this._keep();
      }, KEEP_MS);
    }
  };

  private readonly _onCovered = (): void => {
    this._base = Y.encodeStateVector(this._room.model.ydoc);
    clearTimeout(this._timer ?? undefined);
    this._timer = null;
    void this._forget().catch(() => undefined);
  };

  private readonly _now = (): void => {
    void this._keep();
  };

  private async _keep(): Promise<void> {
    const { saving, edits, rescue, model, id, session, person, path } = this._room;
    if (!saving.unsafe || this._writing || this._disposed || !this._base) {
      return;
    }
    const upTo = saving.reach;
    const kept: Kept = {
      key: this._key,
      person,
      room: id,
      session,
      path,
      changes: saving.changes,
      update: Y.encodeStateAsUpdate(model.ydoc, this._base),
      texts: edits.texts,
      typed: [...rescue.waiting, ...edits.typed],
      at: Date.now()
    };
    this._writing = true;
    try {
      this._stored = true;
      await this._store.put(kept);
      if (saving.pending) {
        saving.keptUpTo(upTo);
      }
    } catch (error) {
      // Then the page warns before it is closed.
      this._broken = true;
      console.warn('Atrium: this browser keeps no changes.', error);
    } finally {
      this._writing = false;
      if (!saving.pending && !saving.isDisposed) {
        await this._forget().catch(() => undefined);
      } else {
        this._onChanged();
      }
    }
  }

  /** The server has everything. */
  private async _forget(): Promise<void> {
    const keys = [...this._given, ...(this._stored ? [this._key] : [])];
    this._given.clear();
    this._stored = false;
    await Promise.all(keys.map(key => this._store.delete(key)));
  }
}

/** The cells whose text changes in what `act` does. */
function arrivals(ydoc: Y.Doc, act: () => void): Set<string> {
  const changed = new Set<string>();
  const note = ({ changed: types }: Y.Transaction) => {
    for (const type of types.keys()) {
      const cell = type.parent as unknown;
      if (cell instanceof Y.Map) {
        changed.add(String(cell.get('id')));
      }
    }
  };
  ydoc.on('afterTransaction', note);
  act();
  ydoc.off('afterTransaction', note);
  return changed;
}

/** Whether there is such a cell, and it says something else than what was typed in it. */
function lacks(ydoc: Y.Doc, { cell, text }: Typed): boolean {
  const found = cellsOf(ydoc)
    .toArray()
    .find(each => each.get('id') === cell);
  return found !== undefined && String(found.get('source')) !== text;
}
