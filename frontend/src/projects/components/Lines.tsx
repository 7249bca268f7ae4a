import { Fragment, type ReactNode, useContext, useMemo } from 'react';

import { plusIcon } from '../../ui';
import type { CellDiff } from '../git';
import { type Line, lines } from '../marks';
import { linesOf, placesOfRow, type Remarks, type Side } from '../remarks';
import { sides } from '../sides';
import { DiffOptions } from './diff-options';
import { useLineChoice } from './line-choice';

export interface LinesProps {
  text: string;
  /** With these, each line has its number, which begins a comment on it. */
  remarks?: Remarks | undefined;
  /** The cell whose source the lines are; null for a file's. */
  cell?: CellDiff | null;
}

/** The lines of a unified diff; within those that were replaced, the words that changed stand out. */
export function Lines({ text, remarks, cell = null }: LinesProps): JSX.Element {
  const { layout } = useContext(DiffOptions);
  const shown = useMemo(() => lines(text), [text]);
  const rows = useMemo(
    () => (layout === 'sides' ? sides(shown) : shown.map(line => ({ left: line, right: null }))),
    [shown, layout]
  );
  const first = shown.find(line => line.kind !== 'gap');
  const choice = useLineChoice(remarks, cell);
  const two = layout === 'sides';
  const numberOf = (line: Line | null, side: Side) => {
    const at = line && (side === 'old' ? line.old : line.now);
    if (at === null || at === undefined || !remarks) {
      return null;
    }
    if (!remarks.begin) {
      return <span className="atrium-Diff-number">{at + 1}</span>;
    }
    const props = choice.number(side, at, line === first);
    return (
      <button
        type="button"
        className="atrium-Diff-number"
        aria-label={`Comment on ${side === 'old' ? 'old ' : ''}${linesOf(at, at)}`}
        {...props}
      >
        <span>{at + 1}</span>
        <plusIcon.react tag="span" />
      </button>
    );
  };
  return (
    <pre
      className={`atrium-Diff-lines${two ? ' atrium-mod-sides' : ''}${remarks ? ' atrium-mod-numbered' : ''}`}
      onKeyDown={choice.onKeyDown}
    >
      {rows.map(({ left, right }, index) => {
        const below = remarks?.below(placesOfRow(cell, left?.old ?? null, (right ?? left)?.now ?? null));
        const inline = left?.kind === 'removed' ? 'old' : 'new';
        return (
          <Fragment key={index}>
            {two ? (
              <div className="atrium-Diff-row">
                <OneLine line={left} chosen={choice.has('old', left?.old)} number={numberOf(left, 'old')} />
                <OneLine
                  line={right}
                  chosen={choice.has('new', right?.now)}
                  number={numberOf(right, 'new')}
                />
              </div>
            ) : (
              <OneLine
                line={left}
                chosen={choice.has(inline, inline === 'old' ? left?.old : left?.now)}
                number={numberOf(left, inline)}
              />
            )}
            {below ? <div className="atrium-Diff-remarks">{below}</div> : null}
          </Fragment>
        );
      })}
    </pre>
  );
}

function OneLine(props: { line: Line | null; chosen: boolean; number: ReactNode }): JSX.Element {
  const { line } = props;
  if (!line || line.kind === 'gap') {
    return (
      <div className={line ? 'atrium-mod-gap' : 'atrium-mod-none'} aria-hidden="true">
        {line ? '⋯' : ' '}
      </div>
    );
  }
  const kind = line.kind === 'same' ? '' : `atrium-mod-${line.kind}`;
  return (
    <div className={`${kind}${props.chosen ? ' atrium-mod-chosen' : ''}`.trim() || undefined}>
      {props.number}
      {SIGNS[line.kind]}
      {line.pieces.map((piece, at) => (piece.changed ? <mark key={at}>{piece.text}</mark> : piece.text))}
    </div>
  );
}

const SIGNS = { added: '+', removed: '-', same: ' ' };
