import { type INotebookTracker, NotebookActions } from '@jupyterlab/notebook';
import { type ISignal, Signal } from '@lumino/signaling';

import { snippet, type SnippetKind } from './snippets';

/** Puts cells into the notebook that is open in front. */
export class NotebookInsert {
  private readonly _tracker: INotebookTracker;
  private readonly _changed = new Signal<this, void>(this);

  constructor(tracker: INotebookTracker) {
    this._tracker = tracker;
    tracker.currentChanged.connect(() => this._changed.emit());
  }

  /** Another notebook is in front. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Whether there is a notebook to insert into. */
  get ready(): boolean {
    return this._tracker.currentWidget !== null;
  }

  /** Insert a cell that reads a table below the active one. */
  async insertSnippet(kind: SnippetKind, table: string, version: number | null): Promise<void> {
    const cells = this._tracker.currentWidget?.content.model?.cells ?? [];
    await this.insert(
      snippet(
        kind,
        table,
        [...cells].map(cell => cell.sharedModel.getSource()),
        version
      )
    );
  }

  /** Insert a cell below the active one and go there. */
  async insert(source: string): Promise<void> {
    const panel = this._tracker.currentWidget;
    if (!panel) {
      return;
    }
    const { content } = panel;
    NotebookActions.insertBelow(content);
    const cell = content.activeCell;
    if (cell) {
      cell.model.sharedModel.setSource(source);
      await cell.ready;
      await content.scrollToCell(cell, 'center');
    }
    content.activate();
  }
}
