import type { Notebook, NotebookPanel } from '@jupyterlab/notebook';
import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import type { Present, PresenceModel, Where } from './presence';
import type { Whereabouts } from './whereabouts';

const FLASH_MS = 1_200;

/** Shows a person's cell, and marks it for a moment. What this person has selected stays as it is. */
export async function showCell(notebook: Notebook, id: string): Promise<boolean> {
  const index = notebook.widgets.findIndex(({ model }) => model.id === id);
  const cell = notebook.widgets[index];
  if (!cell) {
    return false;
  }
  // `scrollToCell` would select it, too.
  await notebook.scrollToItem(index, 'smart').catch(() => undefined);
  cell.addClass('atrium-mod-flash');
  setTimeout(() => cell.removeClass('atrium-mod-flash'), FLASH_MS);
  return true;
}

/** Goes where somebody goes in a notebook, until this person does something of their own. */
export class Follow implements IDisposable {
  private readonly _panel: NotebookPanel;
  private readonly _presence: PresenceModel;
  private readonly _whereabouts: Whereabouts;
  private readonly _changed = new Signal<this, void>(this);
  private _username: string | null = null;
  private _seen: Where | null = null;
  private _disposed = false;

  constructor(panel: NotebookPanel, presence: PresenceModel, whereabouts: Whereabouts) {
    this._panel = panel;
    this._presence = presence;
    this._whereabouts = whereabouts;
    presence.changed.connect(this._onPresence);
    const { node } = panel;
    node.addEventListener('keydown', this._onKey, true);
    for (const event of ['wheel', 'touchmove', 'pointerdown'] as const) {
      panel.content.node.addEventListener(event, this._onOwn, { capture: true, passive: true });
    }
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Whom this person follows; null for nobody. */
  get person(): Present | null {
    return this._presence.others.find(({ username }) => username === this._username) ?? null;
  }

  start(username: string): void {
    this._username = username;
    this._seen = null;
    this._whereabouts.following = this.person?.client ?? null;
    this._changed.emit();
    this._onPresence();
    this._panel.content.node.focus({ preventScroll: true });
  }

  stop(): void {
    if (this._username !== null) {
      this._username = null;
      this._whereabouts.following = null;
      this._changed.emit();
    }
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  dispose(): void {
    if (this._disposed) {
      return;
    }
    this._disposed = true;
    this._presence.changed.disconnect(this._onPresence);
    this._panel.node.removeEventListener('keydown', this._onKey, true);
    for (const event of ['wheel', 'touchmove', 'pointerdown'] as const) {
      this._panel.content.node.removeEventListener(event, this._onOwn, true);
    }
    Signal.clearData(this);
  }

  private readonly _onKey = (event: KeyboardEvent): void => {
    if (this._username === null || ['Shift', 'Control', 'Alt', 'Meta'].includes(event.key)) {
      return;
    }
    if (event.key === 'Escape') {
      event.stopPropagation();
      event.preventDefault();
    }
    this.stop();
  };

  private readonly _onOwn = (): void => this.stop();

  private readonly _onPresence = (): void => {
    if (this._username === null) {
      return;
    }
    const { person } = this;
    if (!person) {
      this.stop();
      return;
    }
    this._whereabouts.following = person.client;
    const { where } = person;
    if (!where || this._panel.isDisposed) {
      return;
    }
    const seen = this._seen;
    this._seen = where;
    if (where.view && JSON.stringify(where.view) !== JSON.stringify(seen?.view)) {
      void this._align(where.view);
    } else if (where.cell && where.cell !== seen?.cell) {
      void this._reveal(where.cell);
    }
  };

  private async _reveal(id: string): Promise<void> {
    const { content } = this._panel;
    const index = content.widgets.findIndex(({ model }) => model.id === id);
    if (index >= 0) {
      await content.scrollToItem(index, 'auto').catch(() => undefined);
    }
  }

  /** Have the same line at the top of the window. */
  private async _align(view: NonNullable<Where['view']>): Promise<void> {
    const { content } = this._panel;
    const index = content.widgets.findIndex(({ model }) => model.id === view.cell);
    const cell = content.widgets[index];
    if (!cell) {
      return;
    }
    if (!cell.node.isConnected) {
      await content.scrollToItem(index, 'start', 0).catch(() => undefined);
    }
    const box = cell.node.getBoundingClientRect();
    const { top } = content.outerNode.getBoundingClientRect();
    content.outerNode.scrollTop += box.top - top + view.fraction * box.height;
  }
}
