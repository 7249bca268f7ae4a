import type { Notebook } from '@jupyterlab/notebook';
import type { IDisposable } from '@lumino/disposable';
import { Throttler } from '@lumino/polling';

import { FIELD, type PresenceModel, type Where } from './presence';

/** Ten times a second is smooth, and forty people can bear it. */
const TELL_MS = 100;

/** Tells the others where this person is in a notebook. */
export class Whereabouts implements IDisposable {
  private readonly _notebook: Notebook;
  private readonly _presence: PresenceModel;
  private readonly _throttle = new Throttler(() => this._tell(), { limit: TELL_MS, edge: 'trailing' });
  private _following: number | null = null;
  private _told = '';
  private _disposed = false;

  constructor(notebook: Notebook, presence: PresenceModel) {
    this._notebook = notebook;
    this._presence = presence;
    notebook.activeCellChanged.connect(this._later);
    notebook.stateChanged.connect(this._later);
    presence.changed.connect(this._later);
    notebook.outerNode.addEventListener('scroll', this._later, { passive: true });
    this._later();
  }

  /** Tell whom this person follows; null for nobody. */
  set following(client: number | null) {
    this._following = client;
    this._later();
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  dispose(): void {
    if (!this._disposed) {
      this._disposed = true;
      this._throttle.dispose();
      this._notebook.outerNode.removeEventListener('scroll', this._later);
      this._presence.changed.disconnect(this._later);
    }
  }

  private readonly _later = (): void => {
    if (!this._disposed) {
      void this._throttle.invoke().catch(() => undefined);
    }
  };

  private _tell(): void {
    if (this._disposed || this._notebook.isDisposed) {
      return;
    }
    const { awareness, others } = this._presence;
    const cell = this._notebook.activeCell;
    const where: Where = {
      cell: cell?.model.id ?? null,
      editing: this._notebook.mode === 'edit' && cell?.editor?.hasFocus() === true
    };
    if (this._following !== null) {
      where.following = this._following;
    }
    if (others.some(other => other.where?.following === awareness.clientID)) {
      const view = viewOf(this._notebook);
      if (view) {
        where.view = view;
      }
    }
    const told = JSON.stringify(where);
    if (told !== this._told) {
      this._told = told;
      awareness.setLocalStateField(FIELD, where);
    }
  }
}

/** The cell at the top of the window, and how much of it is above. */
function viewOf(notebook: Notebook): { cell: string; fraction: number } | null {
  const { top } = notebook.outerNode.getBoundingClientRect();
  for (const cell of notebook.widgets) {
    if (!cell.node.isConnected) {
      continue;
    }
    const box = cell.node.getBoundingClientRect();
    if (box.bottom > top) {
      const fraction = Math.round(((top - box.top) / Math.max(1, box.height)) * 100) / 100;
      return { cell: cell.model.id, fraction };
    }
  }
  return null;
}
