import type { IDocumentProviderFactory } from '@jupyter/docprovider';
import type { ISharedDocument } from '@jupyter/ydoc';
import { type ISignal, Signal } from '@lumino/signaling';

import { BrowserStore, type KeptStore } from './kept';
import { RoomConnection } from './room';
import type { IRooms } from './tokens';

/** Makes the connections of shared documents, and knows them. */
export class Rooms implements IDocumentProviderFactory, IRooms {
  readonly kept: KeptStore = new BrowserStore();
  private readonly _changed = new Signal<this, void>(this);
  private readonly _open = new Map<unknown, RoomConnection>();

  constructor() {
    window.addEventListener('beforeunload', event => {
      if (this.all.some(room => room.saving.unsafe)) {
        event.preventDefault();
      }
    });
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get all(): readonly RoomConnection[] {
    return [...this._open.values()];
  }

  of(model: ISharedDocument): RoomConnection | undefined {
    return this._open.get(model);
  }

  create(options: IDocumentProviderFactory.IOptions): RoomConnection {
    const { model } = options;
    const room = new RoomConnection({ ...options, kept: this.kept });
    this._open.set(model, room);
    model.disposed.connect(() => {
      this._open.delete(model);
      this._changed.emit();
    });
    this._changed.emit();
    return room;
  }
}
