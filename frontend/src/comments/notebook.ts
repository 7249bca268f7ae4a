import type { Cell } from '@jupyterlab/cells';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { IDisposable } from '@lumino/disposable';
import { Debouncer } from '@lumino/polling';
import { type ISignal, Signal } from '@lumino/signaling';

import { type Anchor, type CellText, type Found, hash, lineAt, lineBounds, quoteOf, resolve } from './anchor';
import { clearBadges, paintBadges } from './badges';
import type { Pending, Thread, ThreadsModel } from './model';

/** A thread and where it hangs in the notebook now; `found` null: nothing is left of its place. */
export interface Placed {
  thread: Thread;
  found: Found | null;
}

const EDITS_MS = 300;

/** The threads of an open notebook, bound to its cells. */
export class NotebookThreads implements IDisposable {
  readonly panel: NotebookPanel;
  readonly model: ThreadsModel;
  private readonly _changed = new Signal<this, void>(this);
  private readonly _asked = new Signal<this, void>(this);
  private readonly _edits = new Debouncer(() => this._place(), EDITS_MS);
  private _placed: readonly Placed[] = [];
  private _draft: { anchor: Anchor; cell: number } | null = null;
  private _focused: string | null = null;

  constructor(panel: NotebookPanel, model: ThreadsModel) {
    this.panel = panel;
    this.model = model;
    model.changed.connect(() => this._place());
    void panel.context.ready.then(() => {
      if (!this.isDisposed) {
        panel.content.modelContentChanged.connect(this._onEdit);
        this._place();
      }
    });
    panel.disposed.connect(() => this.dispose());
    void model.refresh();
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** A person wants to see the panel: they clicked a badge or began a comment. */
  get asked(): ISignal<this, void> {
    return this._asked;
  }

  /** In the order of the notebook; what is detached comes last. */
  get placed(): readonly Placed[] {
    return this._placed;
  }

  get openCount(): number {
    return this._placed.filter(({ thread }) => thread.state === 'open').length;
  }

  /** What a comment that is being written will be about; null while none is. */
  get draft(): { anchor: Anchor; cell: number } | null {
    return this._draft;
  }

  /** The thread that somebody asked to see, by its badge. */
  get focused(): string | null {
    return this._focused;
  }

  get isDisposed(): boolean {
    return this.model.isDisposed;
  }

  /** Whether words are selected in the active cell. */
  get hasSelection(): boolean {
    const selection = this.panel.content.activeCell?.editor?.getSelection();
    return (
      selection !== undefined &&
      (selection.start.line !== selection.end.line || selection.start.column !== selection.end.column)
    );
  }

  /** Begin a comment on the selected words of the active cell, or on the line that the cursor is in. */
  async compose(): Promise<void> {
    const { activeCell: cell, activeCellIndex: index } = this.panel.content;
    if (!cell) {
      return;
    }
    const source = cell.model.sharedModel.getSource();
    const { start, end } = bounds(cell, source);
    const quote = quoteOf(source, start, end);
    const anchor: Anchor = {
      cell_id: cell.model.id,
      part: 'source',
      quote,
      line: quote ? lineAt(source, start) : null,
      source_hash: await hash(source),
      side: 'new',
      commit: ''
    };
    this._draft = { anchor, cell: index };
    this._changed.emit();
    this._asked.emit();
  }

  /** Send the comment that is being written. */
  async send(text: string): Promise<void> {
    const draft = this._draft;
    if (draft) {
      this._draft = null;
      await this.model.begin(draft.anchor, text);
    }
  }

  cancel(): void {
    this._draft = null;
    this._changed.emit();
  }

  /** Show the cell and select the words that a thread is about. */
  async jump(found: Found): Promise<void> {
    const { content } = this.panel;
    const cell = content.widgets[found.cell];
    if (!cell) {
      return;
    }
    content.activeCellIndex = found.cell;
    content.deselectAll();
    await content.scrollToCell(cell, 'smart');
    await cell.ready;
    const { editor } = cell;
    if (editor && found.how !== 'cell') {
      const start = editor.getPositionAt(found.start);
      const end = editor.getPositionAt(found.end);
      if (start && end) {
        editor.setSelection({ start, end });
        editor.revealPosition(start);
      }
    }
  }

  dispose(): void {
    if (this.isDisposed) {
      return;
    }
    this._edits.dispose();
    this.model.dispose();
    clearBadges(this.panel.content);
    Signal.clearData(this);
  }

  /** Where a comment on its way will hang. */
  cellOf(pending: Pending): number {
    return this.panel.content.widgets.findIndex(cell => cell.model.id === pending.anchor?.cell_id);
  }

  private readonly _onEdit = (): void => {
    void this._edits.invoke().catch(() => undefined);
  };

  private _place(): void {
    if (this.isDisposed || !this.panel.content.model) {
      return;
    }
    const cells: CellText[] = this.panel.content.widgets.map(cell => ({
      id: cell.model.id,
      source: cell.model.sharedModel.getSource()
    }));
    const placed = (this.model.threads ?? []).map(thread => ({
      thread,
      found: resolve(thread.anchor, cells)
    }));
    this._placed = placed.sort(
      (a, b) => order(a) - order(b) || (a.found?.start ?? 0) - (b.found?.start ?? 0)
    );
    const open = placed.filter(({ thread, found }) => thread.state === 'open' && found !== null);
    paintBadges(
      this.panel.content,
      open.map(each => each.found?.cell ?? -1),
      cell => {
        this._focused = open.find(({ found }) => found?.cell === cell)?.thread.id ?? null;
        this._changed.emit();
        this._asked.emit();
      }
    );
    this._changed.emit();
  }
}

function order(placed: Placed): number {
  return placed.found?.cell ?? Number.MAX_SAFE_INTEGER;
}

/** What is selected; else the line of the cursor; the whole cell where no text is shown, as in rendered Markdown. */
function bounds(cell: Cell, source: string): { start: number; end: number } {
  const { editor } = cell;
  const shown = editor !== null && !cell.inputHidden && !(cell.model.type === 'markdown' && isRendered(cell));
  if (!shown) {
    return { start: 0, end: 0 };
  }
  const selection = editor.getSelection();
  const [start, end] = [editor.getOffsetAt(selection.start), editor.getOffsetAt(selection.end)].sort(
    (a, b) => a - b
  );
  return start !== undefined && end !== undefined && start < end
    ? { start, end }
    : lineBounds(source, editor.getOffsetAt(editor.getCursorPosition()));
}

function isRendered(cell: Cell): boolean {
  return (cell as Cell & { rendered?: boolean }).rendered === true;
}
