import { ReactWidget } from '@jupyterlab/apputils';
import type { Cell } from '@jupyterlab/cells';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { PanelLayout, Widget } from '@lumino/widgets';
import { createElement } from 'react';

import { WaitingLine } from './components/WaitingLine';
import type { QueueModel } from './queue';

/** Puts a line below every cell of a notebook that waits or was given up, and takes it away again. */
export class WaitingLines {
  private readonly _panel: NotebookPanel;
  private readonly _queue: QueueModel;
  private readonly _lines = new Map<string, Widget>();

  constructor(panel: NotebookPanel, queue: QueueModel) {
    this._panel = panel;
    this._queue = queue;
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
    const waiting = queue.cells.filter(cell => cell.state === 'waiting').map(cell => cell.cell_id);
    const wanted = new Set([...waiting, ...queue.not_run]);
    for (const [cellId, line] of this._lines) {
      if (!wanted.has(cellId) || line.isDisposed) {
        line.dispose();
        this._lines.delete(cellId);
      }
    }
    if (wanted.size === 0) {
      return;
    }
    for (const cell of this._panel.content.widgets) {
      const cellId = cell.model.sharedModel.getId();
      if (wanted.has(cellId) && !this._lines.has(cellId)) {
        this._lines.set(cellId, this._add(cell, cellId));
      }
    }
  };

  private _add(cell: Cell, cellId: string): Widget {
    const line = ReactWidget.create(createElement(WaitingLine, { queue: this._queue, cellId }));
    line.addClass('atrium-WaitingLine');
    (cell.layout as PanelLayout).addWidget(line);
    return line;
  }
}
