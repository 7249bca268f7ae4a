import { caretDownEmptyIcon, caretRightIcon } from '@jupyterlab/ui-components';
import { useId, useState } from 'react';

import { Lines } from '../../projects/components/Lines';
import { count } from '../../projects/words';
import { Button, ErrorNote, useAction } from '../../ui';
import { type CellChange, folded, type PointDiff, positionIn } from '../history';

export interface HistoryDiffProps {
  diff: PointDiff;
  /** Has a cell of the version that is looked at, by its position in it, brought back; null where one may not. */
  onCopyBack: ((cell: number) => Promise<unknown>) | null;
}

/** How a version differs: cell by cell, those that do not differ folded away; or the lines of a text. */
export function HistoryDiff({ diff, onCopyBack }: HistoryDiffProps): JSX.Element {
  if (diff.earlier.id === diff.later?.id) {
    return (
      <>
        <p className="atrium-Empty">This is the oldest version that is kept; there is none before it.</p>
        {diff.kind === 'notebook' ? <Cells diff={diff} onCopyBack={null} /> : null}
      </>
    );
  }
  return (
    <>
      <p className="atrium-History-summary atrium-Muted" role="status">
        {summary(diff)}
      </p>
      {diff.kind === 'text' ? (
        diff.text ? (
          <Lines text={diff.text} />
        ) : null
      ) : (
        <Cells diff={diff} onCopyBack={onCopyBack} />
      )}
    </>
  );
}

/** "2 cells, +3 −1, 1 output changed", or that nothing has. */
function summary(diff: PointDiff): string {
  if (diff.same) {
    return diff.later ? 'It says the same as the version before it.' : 'The document says the same now.';
  }
  const cells = folded(diff.cells ?? []).filter(part => 'cell' in part).length;
  return [
    cells ? count(cells, 'cell') : '',
    diff.added || diff.removed ? `+${diff.added} −${diff.removed} lines` : '',
    diff.outputs ? `${count(diff.outputs, 'output')} changed` : '',
    diff.settings ? "the notebook's settings changed" : ''
  ]
    .filter(Boolean)
    .join(' · ');
}

function Cells({ diff, onCopyBack }: HistoryDiffProps): JSX.Element {
  return (
    <>
      {folded(diff.cells ?? []).map(part =>
        'cell' in part ? (
          <Cell key={key(part.cell)} diff={diff} cell={part.cell} onCopyBack={onCopyBack} />
        ) : (
          <Fold key={part.fold.map(key).join()} cells={part.fold} />
        )
      )}
    </>
  );
}

const key = (cell: CellChange) => `${cell.before ?? ''}:${cell.after ?? ''}`;
const number = (cell: CellChange) => (cell.after ?? cell.before ?? 0) + 1;

function Cell({ diff, cell, onCopyBack }: HistoryDiffProps & { cell: CellChange }): JSX.Element {
  const position = positionIn(diff, cell);
  const copy = useAction(() => position !== null && onCopyBack?.(position));
  const what = [
    cell.change === 'same'
      ? ''
      : cell.change === 'modified'
        ? cell.diff
          ? 'changed'
          : 'kind changed'
        : cell.change,
    cell.moved ? 'moved' : '',
    cell.outputs ? (cell.outputs === 1 ? 'output changed' : `${cell.outputs} outputs changed`) : '',
    cell.settings ? 'settings changed' : ''
  ].filter(Boolean);
  return (
    <section
      className={`atrium-History-cell atrium-mod-${cell.change}`}
      aria-label={`Cell ${number(cell)}: ${what.join(', ')}`}
    >
      <header className="atrium-History-cellHead">
        <span className="atrium-History-cellTitle">
          Cell {number(cell)}{' '}
          <span className="atrium-Muted">
            {[cell.kind === 'code' ? '' : cell.kind, ...what].filter(Boolean).join(' · ')}
          </span>
        </span>
        {position !== null && onCopyBack ? (
          <Button kind="quiet" busy={copy.busy} onClick={() => void copy.run()}>
            Copy this cell back
          </Button>
        ) : null}
      </header>
      {cell.diff ? <Lines text={cell.diff} /> : null}
      <ErrorNote error={copy.error} />
    </section>
  );
}

/** Cells that do not differ, shown when somebody wants to see them. */
function Fold({ cells }: { cells: readonly CellChange[] }): JSX.Element {
  const [open, setOpen] = useState(false);
  const id = useId();
  const Caret = open ? caretDownEmptyIcon : caretRightIcon;
  const range = cells.length === 1 ? '' : `–${number(cells[cells.length - 1] as CellChange)}`;
  return (
    <div className="atrium-History-fold">
      <button type="button" aria-expanded={open} aria-controls={id} onClick={() => setOpen(!open)}>
        <Caret.react tag="span" className="atrium-Icon" />
        Cell{range ? 's' : ''} {number(cells[0] as CellChange)}
        {range} unchanged
      </button>
      <div id={id} hidden={!open}>
        {open
          ? cells.map(cell => (
              <pre key={number(cell)} className="atrium-Diff-lines">
                {cell.source || ' '}
              </pre>
            ))
          : null}
      </div>
    </div>
  );
}
