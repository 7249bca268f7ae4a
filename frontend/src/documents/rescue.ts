import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import type { Edits, Typed } from './edits';
import type { Saving } from './saving';

/** Brings what was typed in a cell that somebody else was moving to where the cell is now. The server merges it. */
export class Rescue implements IDisposable {
  private readonly _saving: Saving;
  private readonly _send: (id: number, typed: Typed) => boolean;
  private readonly _waiting = new Map<number, Typed>();
  private readonly _gone = new Signal<this, Typed>(this);
  private _ids = 0;
  private _disposed = false;

  /** `send` asks the server; false when it cannot be asked now. */
  constructor(edits: Edits, saving: Saving, send: (id: number, typed: Typed) => boolean) {
    this._saving = saving;
    this._send = send;
    edits.stranded.connect((_, typed) => this.add(typed));
  }

  /** The cell is no longer there: somebody has deleted it. */
  get gone(): ISignal<this, Typed> {
    return this._gone;
  }

  /** What has not arrived yet. */
  get waiting(): Typed[] {
    return [...this._waiting.values()];
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  add(typed: Typed): void {
    const id = ++this._ids;
    this._waiting.set(id, typed);
    this._saving.hold();
    this._send(id, typed);
  }

  /** The connection is there: ask again. */
  connected(): void {
    this._waiting.forEach((typed, id) => this._send(id, typed));
  }

  answered(id: number, found: boolean): void {
    const typed = this._waiting.get(id);
    if (typed) {
      this._waiting.delete(id);
      this._saving.release();
      if (!found) {
        this._gone.emit(typed);
      }
    }
  }

  dispose(): void {
    this._disposed = true;
    Signal.clearData(this);
  }
}
