import { Fragment, type ReactNode, useMemo } from 'react';

import type { CellDiff, FileDiff } from '../git';
import { lines } from '../marks';
import { count } from '../words';

export interface DiffProps {
  diff: FileDiff;
  /** Drawn below each cell, and below a file without cells (null). */
  below?: (cell: CellDiff | null) => ReactNode;
}

/** A file's difference: cells of a notebook, lines of a text. */
export function Diff({ diff, below }: DiffProps): JSX.Element {
  const cells = diff.cells ?? [];
  return (
    <section className="atrium-Diff" aria-label={`Changes of ${diff.path}`}>
      <header className="atrium-Diff-header">
        <strong>{diff.path}</strong>
        <span className="atrium-Muted">
          +{diff.added} −{diff.removed}
          {cells.length ? ` · ${count(cells.length, 'cell')}` : ''}
          {diff.outputs ? ` · ${count(diff.outputs, 'output')} changed` : ''}
        </span>
      </header>
      {diff.kind === 'notebook' ? (
        cells.length ? (
          cells.map(cell => (
            <Fragment key={`${cell.change} ${cell.index} ${cell.id}`}>
              <Cell cell={cell} />
              {below?.(cell)}
            </Fragment>
          ))
        ) : (
          <p className="atrium-Empty">Only metadata changed.</p>
        )
      ) : diff.kind === 'text' ? (
        <Lines text={diff.text ?? ''} />
      ) : (
        <p className="atrium-Empty">
          {diff.kind === 'binary' ? 'Not a text; its content is not shown.' : 'Too large to be shown here.'}
        </p>
      )}
      {diff.kind === 'notebook' ? null : below?.(null)}
    </section>
  );
}

function Cell({ cell }: { cell: CellDiff }): JSX.Element {
  return (
    <div className="atrium-Diff-cell">
      <div className="atrium-Diff-title">
        cell {cell.index}{' '}
        <span className="atrium-Muted">
          {cell.kind === 'code' ? '' : `${cell.kind} `}
          {cell.change}
        </span>
      </div>
      {cell.diff ? <Lines text={cell.diff} /> : null}
      {cell.outputs ? <div className="atrium-Muted">{count(cell.outputs, 'output')} changed</div> : null}
    </div>
  );
}

/** The lines of a unified diff; within those that were replaced, the words that changed stand out. */
export function Lines({ text }: { text: string }): JSX.Element {
  const shown = useMemo(() => lines(text), [text]);
  return (
    <pre className="atrium-Diff-lines">
      {shown.map((line, index) =>
        line.kind === 'gap' ? (
          <div key={index} className="atrium-mod-gap" aria-hidden="true">
            ⋯
          </div>
        ) : (
          <div key={index} className={line.kind === 'same' ? undefined : `atrium-mod-${line.kind}`}>
            {SIGNS[line.kind]}
            {line.pieces.map((piece, at) =>
              piece.changed ? <mark key={at}>{piece.text}</mark> : piece.text
            )}
          </div>
        )
      )}
    </pre>
  );
}

const SIGNS = { added: '+', removed: '-', same: ' ' };
