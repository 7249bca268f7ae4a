import { ReactWidget } from '@jupyterlab/apputils';
import type { Cell } from '@jupyterlab/cells';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { PanelLayout, Widget } from '@lumino/widgets';
import { createElement } from 'react';

import { exactTime } from '../ui';
import { CellRunner } from './components/CellRunner';
import type { QueuedCell, QueueModel } from './queue';

/** Who has it run and since when, in a sentence. */
export function runnerTitle(cell: QueuedCell, me: string): string {
  const mine = cell.user === me;
  const since = exactTime(cell.since);
  if (cell.state === 'running') {
    return mine ? `You run this cell, since ${since}.` : `${cell.person} runs this cell, since ${since}.`;
  }
  const who = mine ? 'You have' : `${cell.person} has`;
  return `${who} asked to run this cell, ${since}. It waits for its turn.`;
}

interface Shown {
  readonly prompt: HTMLElement;
  readonly label: Widget | null;
}

/** Tells at every cell that runs or waits who has it run: in the tooltip of `[*]`, and beside others' cells. */
export class CellRunners {
  private readonly _panel: NotebookPanel;
  private readonly _queue: QueueModel;
  private readonly _me: () => string;
  private readonly _shown = new Map<string, Shown>();

  /** `me` is the reader's user name. */
  constructor(panel: NotebookPanel, queue: QueueModel, me: () => string) {
    this._panel = panel;
    this._queue = queue;
    this._me = me;
    queue.changed.connect(this._update);
    panel.content.modelContentChanged.connect(this._update);
    void panel.context.ready.then(this._update);
  }

  private readonly _update = (): void => {
    const cells = this._queue.queue?.cells ?? [];
    if (this._panel.isDisposed) {
      return;
    }
    for (const [cellId, shown] of this._shown) {
      if (!this._queue.cell(cellId) || !shown.prompt.isConnected || shown.label?.isDisposed) {
        shown.prompt.title = '';
        shown.label?.dispose();
        this._shown.delete(cellId);
      }
    }
    if (cells.length === 0) {
      return;
    }
    for (const widget of this._panel.content.widgets) {
      const cellId = widget.model.sharedModel.getId();
      const cell = this._queue.cell(cellId);
      if (cell) {
        this._show(widget, cell);
      }
    }
  };

  private _show(widget: Cell, cell: QueuedCell): void {
    const prompt = widget.inputArea?.promptNode;
    if (!prompt) {
      void widget.ready.then(this._update);
      return;
    }
    prompt.title = runnerTitle(cell, this._me());
    const others = cell.user !== this._me();
    const shown = this._shown.get(cell.cell_id);
    if (shown && (shown.label !== null) === others) {
      return;
    }
    shown?.label?.dispose();
    this._shown.set(cell.cell_id, { prompt, label: others ? this._label(widget, cell.cell_id) : null });
  }

  private _label(widget: Cell, cellId: string): Widget {
    const label = ReactWidget.create(createElement(CellRunner, { queue: this._queue, cellId }));
    label.addClass('atrium-CellRunner');
    (widget.inputArea!.layout as PanelLayout).addWidget(label);
    return label;
  }
}
