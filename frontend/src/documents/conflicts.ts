import type { ISharedCell, ISharedNotebook } from '@jupyter/ydoc';
import { ReactWidget } from '@jupyterlab/apputils';
import type { Cell } from '@jupyterlab/cells';
import type { Notebook, NotebookPanel } from '@jupyterlab/notebook';
import type { PartialJSONObject } from '@lumino/coreutils';
import { Debouncer } from '@lumino/polling';
import type { PanelLayout, Widget } from '@lumino/widgets';
import { createElement } from 'react';

import { ConflictBanner } from './components/ConflictBanner';

const KEY = 'atrium';
const CALM_MS = 100;

/** Two cells that were one: `mine` is the workspace's, `theirs` is as the file on the disk had it. */
export interface Conflict {
  mine: string;
  theirs: string;
}

export type Keep = 'mine' | 'theirs' | 'both';

interface CellMetadata {
  conflict?: { with?: unknown };
}

/** The conflicts that a notebook's metadata tells of, and of which both cells are still there. */
export function conflictsIn(notebook: ISharedNotebook): Conflict[] {
  const ids = new Set(notebook.cells.map(cell => cell.getId()));
  return notebook.cells.flatMap(cell => {
    const other = (cell.getMetadata(KEY) as CellMetadata | undefined)?.conflict?.with;
    return typeof other === 'string' && ids.has(other) ? [{ mine: other, theirs: cell.getId() }] : [];
  });
}

/** Settle a conflict, as one change that can be undone. */
export function settle(notebook: ISharedNotebook, conflict: Conflict, keep: Keep): void {
  const find = (id: string) => notebook.cells.findIndex(cell => cell.getId() === id);
  const theirs = notebook.cells[find(conflict.theirs)];
  if (!theirs) {
    return;
  }
  notebook.transact(() => {
    unmark(theirs);
    if (keep !== 'both') {
      const gone = find(keep === 'mine' ? conflict.theirs : conflict.mine);
      if (gone >= 0) {
        notebook.deleteCell(gone);
      }
    }
  });
}

function unmark(cell: ISharedCell): void {
  const rest = { ...((cell.getMetadata(KEY) ?? {}) as CellMetadata) };
  delete rest.conflict;
  if (Object.keys(rest).length > 0) {
    cell.setMetadata(KEY, rest as PartialJSONObject);
  } else {
    cell.deleteMetadata(KEY);
  }
}

/** A line above each cell of a conflict, until somebody settles it. */
export class ConflictBanners {
  private readonly _panel: NotebookPanel;
  private readonly _debouncer = new Debouncer(() => this._update(), CALM_MS);
  private readonly _banners = new Map<string, Widget>();

  constructor(panel: NotebookPanel) {
    this._panel = panel;
    const later = () => void this._debouncer.invoke().catch(() => undefined);
    panel.content.modelContentChanged.connect(later);
    void panel.context.ready.then(later);
    panel.disposed.connect(() => this._debouncer.dispose());
  }

  private _update(): void {
    const notebook = this._panel.content;
    const shared = this._panel.isDisposed ? undefined : notebook.model?.sharedModel;
    if (!shared) {
      return;
    }
    const wanted = new Map<string, { conflict: Conflict; side: 'mine' | 'theirs' }>();
    for (const conflict of conflictsIn(shared)) {
      wanted.set(conflict.mine, { conflict, side: 'mine' });
      wanted.set(conflict.theirs, { conflict, side: 'theirs' });
    }
    for (const [id, banner] of this._banners) {
      if (!wanted.has(id) || banner.isDisposed) {
        banner.parent?.removeClass('atrium-mod-conflict');
        banner.dispose();
        this._banners.delete(id);
      }
    }
    for (const cell of notebook.widgets) {
      const found = wanted.get(cell.model.id);
      if (found && !this._banners.has(cell.model.id)) {
        this._banners.set(cell.model.id, this._add(notebook, cell, found.conflict, found.side));
      }
    }
  }

  private _add(notebook: Notebook, cell: Cell, conflict: Conflict, side: 'mine' | 'theirs'): Widget {
    const banner = ReactWidget.create(
      createElement(ConflictBanner, {
        side,
        readOnly: this._panel.context.model.readOnly,
        onKeep: (keep: Keep) => {
          const shared = notebook.model?.sharedModel;
          if (shared) {
            settle(shared, conflict, keep);
          }
        }
      })
    );
    banner.addClass('atrium-ConflictBanner');
    cell.addClass('atrium-mod-conflict');
    (cell.layout as PanelLayout).insertWidget(0, banner);
    return banner;
  }
}
