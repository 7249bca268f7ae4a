import { ReactWidget } from '@jupyterlab/apputils';
import type { Cell } from '@jupyterlab/cells';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { Widget } from '@lumino/widgets';
import { createElement } from 'react';

import { CellLines } from '../ui';
import { WaitingLine } from './components/WaitingLine';
import type { QueueModel } from './queue';

/** Puts a line below every cell of a notebook that waits, asks or was given up, and takes it away again. */
export class WaitingLines {
  private readonly _panel: NotebookPanel;
  private readonly _queue: QueueModel;
  private readonly _me: () => string;
  private readonly _lines: CellLines;

  /** `me` is the reader's user name. */
  constructor(panel: NotebookPanel, queue: QueueModel, me: () => string) {
    this._panel = panel;
    this._queue = queue;
    this._me = me;
    this._lines = new CellLines(panel, (cell, cellId) => this._line(cell, cellId));
    queue.changed.connect(this._update);
    panel.content.modelContentChanged.connect(this._update);
    void panel.context.ready.then(this._update);
    panel.disposed.connect(() => queue.dispose());
  }

  private readonly _update = (): void => {
    const queue = this._queue.queue;
    if (this._panel.isDisposed || !queue) {
      return;
    }
    const waiting = queue.cells
      .filter(cell => cell.state === 'waiting' || cell.input)
      .map(cell => cell.cell_id);
    this._lines.show(new Set([...waiting, ...queue.not_run]));
  };

  private _line(cell: Cell, cellId: string): Widget {
    const line = ReactWidget.create(
      createElement(WaitingLine, {
        queue: this._queue,
        cellId,
        me: this._me(),
        readOnly: () => this._panel.context.model.readOnly,
        takesFocus: () => this._isFree(cell)
      })
    );
    line.addClass('atrium-WaitingLine');
    return line;
  }

  /** Who is in the middle of writing elsewhere does not want to find the rest of the line in an answer. */
  private _isFree(cell: Cell): boolean {
    const { content, node } = this._panel;
    const focus = document.activeElement;
    // It is nowhere after an answer has been given.
    const here = this._panel.isVisible && (focus === document.body || node.contains(focus));
    const written = content.activeCell?.model.sharedModel.getSource().trim();
    return here && (content.mode === 'command' || content.activeCell === cell || !written);
  }
}
