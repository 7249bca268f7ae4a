import type { DocumentChange, YDocument } from '@jupyter/ydoc';
import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';
import * as Y from 'yjs';

import { textBefore } from './ycells';

/** Where a change happened that is in no cell: the order of cells, the metadata, a plain text. */
export const ELSEWHERE = '';

/** What JupyterLab writes into the metadata by itself when a kernel has started. */
const KERNELS = new Set(['kernelspec', 'language_info']);

/** What was typed in a cell since the server had all of it: `base` became `text`. */
export interface Typed {
  cell: string;
  base: string;
  text: string;
}

interface Open {
  source: Y.Text;
  base: string;
  /** What it said when the server was last asked whether it has all. */
  sent: string | null;
}

/** The changes made on this page, as opposed to those that the server told of. */
export class Edits implements IDisposable {
  private readonly _model: YDocument<DocumentChange>;
  private readonly _server: () => unknown;
  private readonly _made = new Signal<this, string>(this);
  private readonly _stranded = new Signal<this, Typed>(this);
  private readonly _cells = new Set<string>();
  private readonly _open = new Map<string, Open>();
  private _disposed = false;

  /** `server` is the origin of the transactions that come from there. */
  constructor(model: YDocument<DocumentChange>, server: () => unknown) {
    this._model = model;
    this._server = server;
    model.ydoc.on('afterTransaction', this._onTransaction);
  }

  /** Somebody at this page changed something: the id of the cell, or `ELSEWHERE`. */
  get made(): ISignal<this, string> {
    return this._made;
  }

  /** Somebody else has deleted the cell, or moved it, which makes another one of it, before they had what is in it. */
  get stranded(): ISignal<this, Typed> {
    return this._stranded;
  }

  /** What the server may not have, cell by cell. */
  get typed(): Typed[] {
    return [...this._open].map(([cell, { source, base }]) => ({ cell, base, text: String(source.toJSON()) }));
  }

  /** The server is asked whether it has all. */
  asked(): void {
    for (const open of this._open.values()) {
      open.sent = String(open.source.toJSON());
    }
  }

  /** It has all that was there when it was asked. */
  answered(): void {
    for (const [cell, open] of this._open) {
      if (open.sent === String(open.source.toJSON())) {
        this._open.delete(cell);
      } else {
        open.base = open.sent ?? open.base;
      }
    }
  }

  /** The sources that were changed since the last `clear`, to be shown or copied; those of deleted cells are gone. */
  get texts(): string[] {
    const root = this._model.ydoc.share.get('source');
    if (root instanceof Y.Text) {
      return this._cells.size > 0 ? [root.toJSON()] : [];
    }
    return this._model.ydoc
      .getArray<Y.Map<unknown>>('cells')
      .toArray()
      .filter(cell => this._cells.has(String(cell.get('id'))))
      .map(cell => String(cell.get('source')));
  }

  clear(): void {
    this._cells.clear();
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  dispose(): void {
    if (!this._disposed) {
      this._disposed = true;
      this._model.ydoc.off('afterTransaction', this._onTransaction);
      Signal.clearData(this);
    }
  }

  private readonly _onTransaction = (transaction: Y.Transaction): void => {
    const origin: unknown = transaction.origin;
    if (transaction.changed.size === 0) {
      return;
    }
    const isOurs = origin === null || origin !== this._server();
    this._strand(transaction, isOurs);
    if (!isOurs) {
      return;
    }
    this._note(transaction);
    const places = new Set<string>();
    for (const [type, keys] of transaction.changed) {
      const place = this._place(type as unknown as Y.AbstractType<unknown>, keys);
      if (place !== null) {
        places.add(place);
      }
    }
    // New cells are part of the list's change.
    const place = [...places].sort().pop();
    places.forEach(each => this._cells.add(each));
    if (place !== undefined) {
      this._made.emit(place);
    }
  };

  /** What is typed in a cell goes with it; where we have deleted it ourselves, we meant to. */
  private _strand(transaction: Y.Transaction, isOurs: boolean): void {
    for (const [cell, { source, base }] of this._open) {
      if (source._item?.deleted) {
        this._open.delete(cell);
        const text = textBefore(source, transaction);
        if (!isOurs && text !== base) {
          this._stranded.emit({ cell, base, text });
        }
      }
    }
  }

  private _note(transaction: Y.Transaction): void {
    for (const type of transaction.changed.keys()) {
      const source = type as unknown as Y.AbstractType<unknown>;
      const cell = source.parent;
      if (source instanceof Y.Text && cell instanceof Y.Map && cell.get('source') === source) {
        const id = String(cell.get('id'));
        if (this._open.get(id)?.source !== source) {
          this._open.set(id, { source, base: textBefore(source, transaction), sent: null });
        }
      }
    }
  }

  /** Null for what nobody did, or what is no part of the document: its kernel, its path, whether it is dirty. */
  private _place(type: Y.AbstractType<unknown>, keys: ReadonlySet<string | null>): string | null {
    const { ydoc } = this._model;
    const cells = ydoc.share.get('cells');
    const meta = ydoc.share.get('meta');
    if (meta && type.parent === meta && [...keys].every(key => key !== null && KERNELS.has(key))) {
      return null;
    }
    for (let each: Y.AbstractType<unknown> | null = type; each; each = each.parent) {
      if (each === ydoc.share.get('state')) {
        return null;
      }
      if (cells && each.parent === cells && each instanceof Y.Map) {
        return String(each.get('id'));
      }
    }
    return ELSEWHERE;
  }
}
