import { ReactWidget } from '@jupyterlab/apputils';
import type { Cell } from '@jupyterlab/cells';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { PanelLayout, Widget } from '@lumino/widgets';
import { createElement } from 'react';

import { DriftNote } from './components/DriftNote';
import type { NotebookEnvironment } from './notebook';

/** Puts a line below every cell that has installed something beside what is declared, and takes it away again. */
export class DriftLines {
  private readonly _panel: NotebookPanel;
  private readonly _environment: NotebookEnvironment;
  private readonly _onAdd: (requirement: string) => void;
  private readonly _lines = new Map<string, Widget>();

  /** `onAdd` shows what declaring a package comes to. */
  constructor(environment: NotebookEnvironment, onAdd: (requirement: string) => void) {
    this._panel = environment.panel;
    this._environment = environment;
    this._onAdd = onAdd;
    environment.changed.connect(this._update);
    this._panel.content.modelContentChanged.connect(this._update);
  }

  private readonly _update = (): void => {
    const wanted = new Set(this._environment.drift.map(one => one.cell_id));
    for (const [cellId, line] of this._lines) {
      if (!wanted.has(cellId) || line.isDisposed) {
        line.dispose();
        this._lines.delete(cellId);
      }
    }
    if (wanted.size === 0 || this._panel.isDisposed) {
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
    const environment = this._environment;
    const line = ReactWidget.create(createElement(DriftNote, { environment, cellId, onAdd: this._onAdd }));
    line.addClass('atrium-DriftLine');
    // What a cell that has not been drawn yet consists of comes later, and would be below the line.
    const toEnd = () =>
      void (cell.isDisposed || line.isDisposed || (cell.layout as PanelLayout).addWidget(line));
    toEnd();
    void cell.ready.then(toEnd);
    return line;
  }
}
