import type { NotebookPanel } from '@jupyterlab/notebook';
import type { IDisposable } from '@lumino/disposable';

import type { Client } from '../api/client';
import type { Events } from '../api/events';
import { Refresh } from '../api/refresh';
import { notifyError } from '../ui';
import { type Blame, marksOf } from './cell-marks';
import type { Place } from './model';

const CLASS = 'atrium-Blame';
const REFRESH_MS = 2_000;

/** Says above each cell of an open notebook who last changed it. */
export class NotebookBlame implements IDisposable {
  private readonly _panel: NotebookPanel;
  private readonly _client: Client;
  private readonly _place: () => Place | null;
  private readonly _onClick: (place: Place, commit: string) => void;
  private readonly _refresh: Refresh;
  private readonly _subscription: IDisposable;
  private _blame: Blame | null = null;
  private _failed = false;
  private _disposed = false;

  constructor(options: {
    panel: NotebookPanel;
    client: Client;
    events: Events;
    /** Where the notebook is now. */
    place: () => Place | null;
    onClick: (place: Place, commit: string) => void;
  }) {
    this._panel = options.panel;
    this._client = options.client;
    this._place = options.place;
    this._onClick = options.onClick;
    this._refresh = new Refresh(() => this._load(), REFRESH_MS);
    this._subscription = options.events.on('projects', event => {
      if (event === null || event.id === this._place()?.project.id) {
        this._refresh.soon();
      }
    });
    this._panel.context.fileChanged.connect(this._refresh.soon);
    this._panel.content.modelContentChanged.connect(this._paint);
    this._panel.disposed.connect(() => this.dispose());
    void this._refresh.now();
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  dispose(): void {
    if (this._disposed) {
      return;
    }
    this._disposed = true;
    this._subscription.dispose();
    this._refresh.dispose();
    if (!this._panel.isDisposed) {
      this._panel.context.fileChanged.disconnect(this._refresh.soon);
      this._panel.content.modelContentChanged.disconnect(this._paint);
      this._panel.content.node.querySelectorAll(`.${CLASS}`).forEach(mark => mark.remove());
    }
  }

  private async _load(): Promise<void> {
    await this._panel.context.ready;
    const place = this._place();
    if (!place || this._disposed) {
      return;
    }
    const branch = encodeURIComponent(place.branch.name);
    try {
      this._blame = await this._client.request<Blame>(
        'GET',
        `projects/${place.project.id}/branches/${branch}/blame`,
        undefined,
        { query: { path: place.path } }
      );
      this._failed = false;
    } catch (error) {
      // Said once; what was known stays.
      if (!this._failed && !this._disposed) {
        notifyError(error);
      }
      this._failed = true;
    }
    this._paint();
  }

  private readonly _paint = (): void => {
    const { _blame: blame } = this;
    if (!blame || this._disposed || this._panel.isDisposed) {
      return;
    }
    const { widgets } = this._panel.content;
    const marks = marksOf(
      blame,
      widgets.map(cell => cell.model.id)
    );
    widgets.forEach((cell, index) => {
      const mark = marks[index];
      let element = cell.node.querySelector<HTMLButtonElement>(`:scope > .${CLASS}`);
      if (!mark) {
        element?.remove();
        return;
      }
      if (!element) {
        element = document.createElement('button');
        element.type = 'button';
        element.className = CLASS;
        cell.node.prepend(element);
      }
      if (element.textContent !== mark.text) {
        element.textContent = mark.text;
      }
      element.title = mark.title;
      element.disabled = !mark.commit;
      element.onclick = event => {
        event.stopPropagation();
        const place = this._place();
        if (place) {
          this._onClick(place, mark.commit);
        }
      };
    });
  };
}
