import { ReactWidget } from '@jupyterlab/apputils';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { IDisposable } from '@lumino/disposable';
import { Widget } from '@lumino/widgets';
import { createElement } from 'react';

import { FollowFrame } from './components/FollowFrame';
import { People } from './components/People';
import { Follow, showCell } from './follow';
import { paintPeople } from './markers';
import { type AwarenessLike, type Present, PresenceModel } from './presence';
import { Whereabouts } from './whereabouts';

/** The others in a notebook: who they are, where, and ways to go there. */
export class Together implements IDisposable {
  readonly presence: PresenceModel;
  readonly follow: Follow;
  private readonly _panel: NotebookPanel;
  private readonly _whereabouts: Whereabouts;
  private readonly _frame: Widget;
  private _waiting: string | null = null;
  private _painting = false;
  private _disposed = false;

  /** `me` is this person's user name, once it is known. */
  constructor(panel: NotebookPanel, me: () => string) {
    this._panel = panel;
    const shared = panel.context.model.sharedModel as unknown as { awareness: AwarenessLike };
    this.presence = new PresenceModel(shared.awareness, me);
    this._whereabouts = new Whereabouts(panel.content, this.presence);
    this.follow = new Follow(panel, this.presence, this._whereabouts);
    // Before the chips: where there is little room, those go first.
    if (!panel.toolbar.insertBefore('atrium-saved', 'atrium-people', this._people())) {
      panel.toolbar.addItem('atrium-people', this._people());
    }
    this._frame = ReactWidget.create(createElement(FollowFrame, { follow: this.follow }));
    this._frame.addClass('atrium-FollowFrame-host');
    void panel.revealed.then(() => {
      if (!panel.isDisposed) {
        Widget.attach(this._frame, panel.content.node);
      }
    });
    this.presence.changed.connect(this._later);
    panel.content.modelContentChanged.connect(this._later);
    panel.disposed.connect(() => this.dispose());
  }

  /** Show where somebody is, now or as soon as they are known to be in the notebook. */
  goTo(username: string): void {
    const person = this.presence.others.find(each => each.username === username || each.name === username);
    if (person?.where?.cell && this._panel.content.widgets.length > 0) {
      this._waiting = null;
      void showCell(this._panel.content, person.where.cell);
    } else {
      this._waiting = username;
    }
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  dispose(): void {
    if (!this._disposed) {
      this._disposed = true;
      this.follow.dispose();
      this._whereabouts.dispose();
      this.presence.dispose();
      this._frame.dispose();
    }
  }

  private _people(): Widget {
    const { content } = this._panel;
    const widget = ReactWidget.create(
      createElement(People, {
        model: this.presence,
        cellNumber: (id: string) => content.widgets.findIndex(({ model }) => model.id === id) + 1 || null,
        onGo: (person: Present) => this.goTo(person.username),
        onFollow: (person: Present) => this.follow.start(person.username)
      })
    );
    widget.addClass('atrium-ToolbarChip');
    return widget;
  }

  private readonly _later = (): void => {
    if (!this._painting) {
      this._painting = true;
      requestAnimationFrame(() => this._paint());
    }
  };

  private _paint(): void {
    this._painting = false;
    if (this._disposed || this._panel.isDisposed) {
      return;
    }
    paintPeople(this._panel.content, this.presence.others, person => this.follow.start(person.username));
    if (this._waiting !== null) {
      this.goTo(this._waiting);
    }
  }
}
