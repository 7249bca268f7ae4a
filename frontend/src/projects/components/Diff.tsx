import { Fragment, type ReactNode, useContext } from 'react';

import { Button, ErrorNote, useAction } from '../../ui';
import type { Committing } from '../committing';
import type { CellDiff, FileDiff } from '../git';
import { hunks } from '../hunks';
import { size } from '../lives';
import { count, restOf } from '../words';
import { DiffOptions } from './diff-options';
import { Lines } from './Lines';
import { Outputs } from './Outputs';
import { Tick } from './Tick';

export interface DiffProps {
  diff: FileDiff;
  /** Has each change ticked for the next commit, or discarded, by itself. */
  committing?: Committing;
  /** Drawn below each cell, and below a file without cells (null). */
  below?: (cell: CellDiff | null) => ReactNode;
}

/** A file's difference: cells of a notebook, lines of a text. */
export function Diff(props: DiffProps): JSX.Element {
  const { diff, committing, below } = props;
  const cells = diff.cells ?? [];
  return (
    <section className="atrium-Diff" aria-label={`Changes of ${diff.path}`}>
      <header className="atrium-Diff-header">
        <strong>{diff.path}</strong>
        <span className="atrium-Muted">
          {[
            diff.added || diff.removed ? `+${diff.added} −${diff.removed}` : '',
            cells.length ? count(cells.length, 'cell') : '',
            diff.outputs ? `${count(diff.outputs, 'output')} changed` : ''
          ]
            .filter(Boolean)
            .join(' · ')}
        </span>
        {committing && (diff.kind === 'notebook' || diff.kind === 'text') ? <LayoutSwitch /> : null}
      </header>
      {diff.kind === 'notebook' ? (
        <>
          {cells.map(cell => (
            <Fragment key={cell.part || `${cell.change} ${cell.index}`}>
              <Cell cell={cell} {...props} />
              {below?.(cell)}
            </Fragment>
          ))}
          {diff.rest?.length || !cells.length ? (
            <Part {...props} part="rest" title={restOf(diff.rest ?? [])} />
          ) : null}
        </>
      ) : diff.kind === 'text' ? (
        <Text {...props} />
      ) : (
        <p className="atrium-Empty">
          {diff.kind === 'lfs'
            ? `Stored in Git LFS, ${size(diff.size ?? 0)}.`
            : diff.kind === 'binary'
              ? 'Not a text; its content is not shown.'
              : 'Too large to be shown here.'}
        </p>
      )}
      {diff.kind === 'notebook' ? null : below?.(null)}
    </section>
  );
}

function LayoutSwitch(): JSX.Element | null {
  const { layout, choose } = useContext(DiffOptions);
  return choose ? (
    <span className="atrium-Diff-layout" role="group" aria-label="How differences are shown">
      {(['inline', 'sides'] as const).map(one => (
        <Button key={one} kind="quiet" aria-pressed={layout === one} onClick={() => choose(one)}>
          {one === 'inline' ? 'Inline' : 'Side by side'}
        </Button>
      ))}
    </span>
  ) : null;
}

function Text(props: DiffProps): JSX.Element {
  const { diff, committing } = props;
  const text = diff.text ?? '';
  const parts = diff.parts ?? [];
  if (!committing || !parts.length) {
    return <Lines text={text} />;
  }
  return (
    <>
      {hunks(text).map(({ title, text }, index) => (
        <Part key={parts[index]} {...props} part={parts[index] ?? ''} title={title}>
          <Lines text={text} />
        </Part>
      ))}
    </>
  );
}

function Cell(props: DiffProps & { cell: CellDiff }): JSX.Element {
  const { cell } = props;
  return (
    <Part
      {...props}
      part={cell.part ?? ''}
      title={`cell ${cell.index}`}
      note={`${cell.kind === 'code' ? '' : `${cell.kind} `}${cell.change}`}
    >
      {cell.diff ? <Lines text={cell.diff} /> : null}
      {cell.outputs ? (
        // Anew where others have run the cell since.
        <Outputs key={cell.outputs} path={props.diff.path} part={cell.part ?? ''} changed={cell.outputs} />
      ) : null}
    </Part>
  );
}

interface PartProps extends DiffProps {
  part: string;
  title: string;
  note?: string;
  children?: ReactNode;
}

/** One change, with what can be done with it by itself. */
function Part({ diff, committing, part, title, note, children }: PartProps): JSX.Element {
  const { path } = diff;
  const parts = diff.parts ?? [];
  const choosing = parts.includes(part) ? committing : undefined;
  const discard = useAction(() => choosing?.discard({ paths: [], partial: [{ path, parts: [part] }] }));
  return (
    <div className="atrium-Diff-cell" role="group" aria-label={title}>
      <div className="atrium-Diff-title">
        {choosing ? (
          <Tick
            label={`Commit ${title} of ${path}`}
            ticked={choosing.staging.has(path, part) ? 'all' : 'none'}
            onTick={ticked => choosing.staging.tickPart(path, part, ticked, parts)}
          />
        ) : null}
        <span className="atrium-List-label">
          {title} {note ? <span className="atrium-Muted">{note}</span> : null}
        </span>
        {choosing ? (
          <Button
            kind="quiet"
            busy={discard.busy}
            aria-label={`Discard ${title} of ${path}`}
            onClick={() => void discard.run()}
          >
            Discard
          </Button>
        ) : null}
      </div>
      <ErrorNote error={discard.error} />
      {children}
    </div>
  );
}
