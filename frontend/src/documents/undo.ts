import type { YNotebook } from '@jupyter/ydoc';
import { UUID } from '@lumino/coreutils';
import * as Y from 'yjs';

import { cellAround, cellsOf, idOf, isCell, othersWroteIn, sourceOf } from './ycells';
import { keepChanges } from './text';

const SOURCES = 'atrium:sources';

type Stack = YNotebook['undoManager']['undoStack'];
type StackItem = Stack[number];
type SharedCell = YNotebook['cells'][number];

/** A cell as it was just before an undo. */
interface Before {
  map: Y.Map<unknown>;
  source: string;
  json: ReturnType<SharedCell['toJSON']>;
}

interface Outputs {
  outputs: unknown;
  execution_count: number | null;
}

/**
 * Keep undo and redo of cells from taking back what others did in them since.
 *
 * Yjs undoes by deleting what was inserted: a cell that one added goes away with all that others wrote in it. And Yjs
 * knows no moving: JupyterLab deletes the cell and inserts a copy, so that undoing a move brings back the cell as it was
 * before the move, without what was written or computed since.
 */
export function guardUndo(notebook: YNotebook): void {
  const { undoManager, ydoc } = notebook;
  const cells = cellsOf(ydoc);
  /** The ids of cells that the undo under way brings back: their newer copies may go. */
  let returning = new Set<string>();

  const allow = undoManager.deleteFilter;
  undoManager.deleteFilter = item => {
    const cell = cellAround(item, cells);
    // What one wrote oneself in a cell that stays is undone as ever.
    const isText = item.parent instanceof Y.Text;
    const stays =
      cell !== null && !isText && !returning.has(idOf(cell) ?? '') && othersWroteIn(cell, ydoc.clientID);
    return allow(item) && !stays;
  };

  const remember = (event: { stackItem: StackItem; changedParentTypes: Map<unknown, Y.YEvent<never>[]> }) => {
    const change = event.changedParentTypes.get(cells)?.find(each => each.target === (cells as unknown));
    const sources = sourcesOf(event.stackItem);
    change?.changes.added.forEach(item => {
      const id = idOf(item);
      if (id !== null && !item.deleted) {
        sources.set(id, sourceOf(item));
      }
    });
    event.stackItem.meta.set(SOURCES, sources);
  };
  undoManager.on('stack-item-added', remember as never);
  undoManager.on('stack-item-updated', remember as never);

  const guard = (act: () => boolean, stack: () => Stack, reverse: () => Stack): boolean => {
    const top = stack().at(-1);
    const before = snapshot(notebook);
    returning = top ? returningIds(ydoc, top) : new Set();
    try {
      if (!act()) {
        return false;
      }
    } finally {
      returning = new Set();
    }
    bringUpToDate(notebook, before, sourcesOf(top));
    // The step that takes this one back begins with what is there now.
    const back = sourcesOf(reverse().at(-1));
    for (const cell of notebook.cells) {
      if (back.has(cell.getId())) {
        back.set(cell.getId(), cell.getSource());
      }
    }
    return true;
  };
  const undone = () => undoManager.redoStack;
  const done = () => undoManager.undoStack;
  const undo = notebook.undo.bind(notebook);
  const redo = notebook.redo.bind(notebook);
  notebook.undo = () => asOne(ydoc, () => guard(undo, done, undone));
  notebook.redo = () => asOne(ydoc, () => guard(redo, undone, done));
}

/**
 * Tell of several transactions as one update. The server would else see the cell that came back before what belongs in
 * it, and mend that itself: the words would be there twice.
 */
function asOne<T>(ydoc: Y.Doc, act: () => T): T {
  const emit = ydoc.emit.bind(ydoc);
  const told: [Uint8Array, unknown, Y.Doc, Y.Transaction][] = [];
  ydoc.emit = ((name: string, args: unknown) => {
    if (name === 'update') {
      told.push(args as (typeof told)[number]);
    } else {
      emit(name as 'update', args as never);
    }
  }) as typeof ydoc.emit;
  try {
    return act();
  } finally {
    ydoc.emit = emit;
    if (told[0]) {
      const [, ...rest] = told[0];
      emit('update', [Y.mergeUpdates(told.map(([update]) => update)), ...rest]);
    }
  }
}

/** What a step has written in each cell that it made. */
function sourcesOf(step: StackItem | undefined): Map<string, string> {
  return (step?.meta.get(SOURCES) as Map<string, string> | undefined) ?? new Map<string, string>();
}

function snapshot(notebook: YNotebook): Map<string, Before> {
  const maps = cellsOf(notebook.ydoc).toArray();
  return new Map(
    notebook.cells.map((cell, index) => [
      cell.getId(),
      { map: maps[index] as Y.Map<unknown>, source: cell.getSource(), json: cell.toJSON() }
    ])
  );
}

/** The ids of the cells that undoing a step brings back. */
function returningIds(ydoc: Y.Doc, step: StackItem): Set<string> {
  const cells = cellsOf(ydoc);
  const ids = new Set<string>();
  step.deletions.clients.forEach((ranges, client) => {
    for (const struct of ydoc.store.clients.get(client) ?? []) {
      const { clock } = struct.id;
      if (
        struct instanceof Y.Item &&
        isCell(struct, cells) &&
        ranges.some(range => clock >= range.clock && clock < range.clock + range.len)
      ) {
        ids.add(idOf(struct) ?? '');
      }
    }
  });
  return ids;
}

/**
 * Give the cells that an undo made anew what was done in them since the step that it took back.
 *
 * @param written - what the step itself had written in each cell that it made
 */
function bringUpToDate(notebook: YNotebook, before: Map<string, Before>, written: Map<string, string>): void {
  const maps = cellsOf(notebook.ydoc).toArray();
  const lost: SharedCell[] = [];
  notebook.transact(() => {
    notebook.cells.forEach((cell, index) => {
      const was = before.get(cell.getId());
      const base = written.get(cell.getId());
      if (!was || was.map === maps[index] || base === undefined) {
        return;
      }
      const restored = cell.getSource();
      const merged = keepChanges(base, was.source, restored);
      if (merged === null) {
        lost.push(cell);
      } else {
        update(cell, merged);
      }
      // The very same cell, as after a move; not one that had been split.
      if (restored === base && cell.cell_type === was.json.cell_type) {
        cell.setMetadata(was.json.metadata as never);
        takeOutputs(cell, was.json as unknown as Outputs);
      }
    });
    for (const cell of lost) {
      // No way to tell where it belongs: beside it.
      const was = before.get(cell.getId());
      if (was) {
        notebook.insertCell(notebook.cells.indexOf(cell) + 1, { ...was.json, id: UUID.uuid4() });
      }
    }
  }, false);
}

function takeOutputs(cell: SharedCell, was: Outputs): void {
  if (cell.cell_type === 'code') {
    const code = cell as unknown as Outputs & { getOutputs(): unknown; setOutputs(outputs: unknown): void };
    if (JSON.stringify(code.getOutputs()) !== JSON.stringify(was.outputs)) {
      code.setOutputs(was.outputs);
    }
    code.execution_count = was.execution_count;
  }
}

/** Only what differs, so that cursors in the rest stay. */
function update(cell: SharedCell, source: string): void {
  const now = cell.getSource();
  const short = Math.min(now.length, source.length);
  let start = 0;
  while (start < short && now[start] === source[start]) {
    start++;
  }
  let end = 0;
  while (end < short - start && now[now.length - 1 - end] === source[source.length - 1 - end]) {
    end++;
  }
  if (now !== source) {
    cell.updateSource(start, now.length - end, source.slice(start, source.length - end));
  }
}
