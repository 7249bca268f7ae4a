import { ReactWidget } from '@jupyterlab/apputils';
import type { Widget } from '@lumino/widgets';
import { createElement } from 'react';

import { CellLines } from '../ui';
import { DriftNote } from './components/DriftNote';
import type { NotebookEnvironment } from './notebook';

/** Puts a line below every cell that has installed something beside what is declared, and takes it away again. */
export class DriftLines {
  private readonly _environment: NotebookEnvironment;
  private readonly _lines: CellLines;

  /** `onAdd` shows what declaring a package comes to. */
  constructor(environment: NotebookEnvironment, onAdd: (requirement: string) => void) {
    this._environment = environment;
    this._lines = new CellLines(environment.panel, (_, cellId) => driftLine(environment, cellId, onAdd));
    environment.changed.connect(this._update);
    environment.panel.content.modelContentChanged.connect(this._update);
  }

  private readonly _update = (): void => {
    this._lines.show(new Set(this._environment.drift.map(one => one.cell_id)));
  };
}

function driftLine(
  environment: NotebookEnvironment,
  cellId: string,
  onAdd: (requirement: string) => void
): Widget {
  const line = ReactWidget.create(createElement(DriftNote, { environment, cellId, onAdd }));
  line.addClass('atrium-DriftLine');
  return line;
}
