import type { Cell } from '@jupyterlab/cells';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { PanelLayout, Widget } from '@lumino/widgets';

/** Lines below cells of a notebook, one below each cell that is to have one. */
export class CellLines {
  private readonly _panel: NotebookPanel;
  private readonly _make: (cell: Cell, cellId: string) => Widget;
  private readonly _lines = new Map<string, Widget>();

  /** `make` makes the line of a cell. */
  constructor(panel: NotebookPanel, make: (cell: Cell, cellId: string) => Widget) {
    this._panel = panel;
    this._make = make;
  }

  /** Have the cells of these ids have a line, and no others. */
  show(wanted: ReadonlySet<string>): void {
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
  }

  private _add(cell: Cell, cellId: string): Widget {
    const line = this._make(cell, cellId);
    // What a cell that has not been drawn yet consists of comes later, and would be below the line.
    const toEnd = () =>
      void (cell.isDisposed || line.isDisposed || (cell.layout as PanelLayout).addWidget(line));
    toEnd();
    void cell.ready.then(toEnd);
    return line;
  }
}
