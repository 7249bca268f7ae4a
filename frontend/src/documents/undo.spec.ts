import { YNotebook } from '@jupyter/ydoc';
import * as Y from 'yjs';

import { keepChanges } from './text';
import { guardUndo } from './undo';

/** Two people's notebooks that are always in step; `ana`'s undo is guarded. */
function pair(): { ana: YNotebook; bo: YNotebook } {
  const ana = new YNotebook({ disableDocumentWideUndoRedo: true });
  const bo = new YNotebook({ disableDocumentWideUndoRedo: true });
  const connect = (from: YNotebook, to: YNotebook) =>
    from.ydoc.on('update', (update: Uint8Array, origin: unknown) => {
      if (origin !== 'network') {
        Y.applyUpdate(to.ydoc, update, 'network');
      }
    });
  connect(ana, bo);
  connect(bo, ana);
  guardUndo(ana);
  bo.ymeta.set('metadata', new Y.Map());
  bo.insertCells(0, [cell('a', 'one'), cell('b', 'two'), cell('c', 'three')]);
  return { ana, bo };
}

function cell(id: string, source: string) {
  return { id, cell_type: 'code' as const, source, metadata: {}, outputs: [], execution_count: null };
}

function texts(notebook: YNotebook): string[] {
  return notebook.cells.map(each => `${each.getId()}: ${each.getSource()}`);
}

describe('guardUndo', () => {
  it('undoes and redoes a deletion and an insertion as ever', () => {
    const { ana, bo } = pair();
    ana.deleteCell(1);
    ana.undo();
    expect(texts(bo)).toEqual(['a: one', 'b: two', 'c: three']);
    ana.redo();
    expect(texts(bo)).toEqual(['a: one', 'c: three']);
    ana.undoManager.stopCapturing();
    ana.insertCell(0, cell('n', 'new'));
    ana.undo();
    expect(texts(bo)).toEqual(['a: one', 'c: three']);
  });

  it('keeps a cell that somebody else has written in', () => {
    const { ana, bo } = pair();
    ana.insertCell(0, cell('n', ''));
    bo.getCell(0).updateSource(0, 0, 'from Bo');
    ana.undo();
    expect(texts(ana)).toEqual(['n: from Bo', 'a: one', 'b: two', 'c: three']);
    expect(texts(bo)).toEqual(texts(ana));
    expect(bo.getCell(0).toJSON()).toMatchObject({ id: 'n', cell_type: 'code', metadata: {} });
  });

  it('takes back a move and not what was done in the cell since', () => {
    const { ana, bo } = pair();
    ana.moveCell(0, 2);
    expect(texts(bo)).toEqual(['b: two', 'c: three', 'a: one']);
    bo.getCell(2).updateSource(3, 3, ' more');
    const code = bo.getCell(2) as unknown as {
      setOutputs(outputs: unknown[]): void;
      execution_count: number;
    };
    code.setOutputs([{ output_type: 'stream', name: 'stdout', text: '1' }]);
    code.execution_count = 7;
    ana.undo();
    expect(texts(ana)).toEqual(['a: one more', 'b: two', 'c: three']);
    expect(ana.getCell(0).toJSON()).toMatchObject({ execution_count: 7, outputs: [{ name: 'stdout' }] });
    expect(texts(bo)).toEqual(texts(ana));
    bo.getCell(0).updateSource(0, 3, 'ONE');
    let told = 0;
    ana.ydoc.on('update', () => told++);
    ana.redo();
    // The server mends a cell that came back without what others wrote: both come as one.
    expect(told).toBe(1);
    expect(texts(bo)).toEqual(['b: two', 'c: three', 'a: ONE more']);
    expect(texts(bo)).toEqual(texts(ana));
  });

  it('puts a split cell together again with what was written in its part', () => {
    const { ana, bo } = pair();
    ana.transact(() => {
      ana.deleteCell(1);
      ana.insertCells(1, [cell('x', 't'), cell('b', 'wo')]);
    });
    bo.getCell(2).updateSource(2, 2, '!');
    ana.undo();
    expect(texts(bo)).toEqual(['a: one', 'b: two!', 'c: three']);
  });
});

describe('keepChanges', () => {
  it('gives up where it cannot tell', () => {
    expect(keepChanges('x', 'y', 'x x')).toBeNull();
    expect(keepChanges('', 'y', 'x')).toBeNull();
    expect(keepChanges('b', 'B', 'abc')).toBe('aBc');
    expect(keepChanges('b', 'b', 'abc')).toBe('abc');
  });
});
