import { type ReactNode, useContext } from 'react';

import { Button, commentIcon, ErrorNote, useAction } from '../../ui';
import type { Committing } from '../committing';
import type { CellDiff, FileDiff } from '../git';
import { hunks } from '../hunks';
import { size } from '../lives';
import { idOn, placeOf, type Remarks } from '../remarks';
import { count, restOf } from '../words';
import { DiffOptions } from './diff-options';
import { Lines } from './Lines';
import { Outputs } from './Outputs';
import { Tick } from './Tick';

export interface DiffProps {
  diff: FileDiff;
  /** Has each change ticked for the next commit, or discarded, by itself. */
  committing?: Committing;
  /** What is said about it, and a way to say something. */
  remarks?: Remarks;
  /** Drawn beside the file's name. */
  beside?: ReactNode;
}

/** A file's difference: cells of a notebook, lines of a text. */
export function Diff(props: DiffProps): JSX.Element {
  const { diff, committing, remarks } = props;
  const begin = remarks?.begin;
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
        {props.beside}
        {begin ? (
          <Button
            kind="quiet"
            className="atrium-Diff-comment"
            icon={commentIcon}
            aria-label={`Comment on ${diff.path}`}
            onClick={() =>
              begin({ side: diff.change === 'deleted' ? 'old' : 'new', cell: '', first: null, last: null })
            }
          />
        ) : null}
        {committing && (diff.kind === 'notebook' || diff.kind === 'text') ? <LayoutSwitch /> : null}
      </header>
      {remarks?.below([placeOf({ side: 'new', cell: '', last: null })])}
      {diff.kind === 'notebook' ? (
        <>
          {cells.map(cell => (
            <Cell key={cell.part || `${cell.change} ${cell.index}`} cell={cell} {...props} />
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
  const { diff, committing, remarks } = props;
  const text = diff.text ?? '';
  const parts = diff.parts ?? [];
  if (!committing || !parts.length) {
    return <Lines text={text} remarks={remarks} />;
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
  const { cell, remarks } = props;
  const begin = remarks?.begin;
  const side = cell.change === 'removed' ? 'old' : 'new';
  const id = idOn(side, cell);
  return (
    <Part
      {...props}
      part={cell.part ?? ''}
      title={`cell ${cell.index}`}
      onComment={begin && id ? () => begin({ side, cell: id, first: null, last: null }) : undefined}
      note={`${cell.kind === 'code' ? '' : `${cell.kind} `}${cell.change}`}
    >
      {cell.diff ? <Lines text={cell.diff} remarks={id ? remarks : undefined} cell={cell} /> : null}
      {cell.outputs ? (
        // Anew where others have run the cell since.
        <Outputs key={cell.outputs} path={props.diff.path} part={cell.part ?? ''} changed={cell.outputs} />
      ) : null}
      {id ? remarks?.below([placeOf({ side, cell: id, last: null })]) : null}
    </Part>
  );
}

interface PartProps extends DiffProps {
  part: string;
  title: string;
  note?: string;
  onComment?: (() => void) | undefined;
  children?: ReactNode;
}

/** One change, with what can be done with it by itself. */
function Part({ diff, committing, part, title, note, onComment, children }: PartProps): JSX.Element {
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
        {onComment ? (
          <Button
            kind="quiet"
            icon={commentIcon}
            aria-label={`Comment on ${title} of ${path}`}
            title={`Comment on ${title}`}
            onClick={onComment}
          />
        ) : null}
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
