import { useContext, useMemo } from 'react';

import { type Line, lines } from '../marks';
import { sides } from '../sides';
import { DiffOptions } from './diff-options';

/** The lines of a unified diff; within those that were replaced, the words that changed stand out. */
export function Lines({ text }: { text: string }): JSX.Element {
  const { layout } = useContext(DiffOptions);
  const shown = useMemo(() => lines(text), [text]);
  return layout === 'sides' ? <Sides shown={shown} /> : <Inline shown={shown} />;
}

function Inline({ shown }: { shown: Line[] }): JSX.Element {
  return (
    <pre className="atrium-Diff-lines">
      {shown.map((line, index) => (
        <OneLine key={index} line={line} />
      ))}
    </pre>
  );
}

function Sides({ shown }: { shown: Line[] }): JSX.Element {
  const rows = useMemo(() => sides(shown), [shown]);
  return (
    <pre className="atrium-Diff-lines atrium-mod-sides">
      {rows.map(({ left, right }, index) => (
        <div key={index} className="atrium-Diff-row">
          <OneLine line={left} />
          <OneLine line={right} />
        </div>
      ))}
    </pre>
  );
}

function OneLine({ line }: { line: Line | null }): JSX.Element {
  if (!line || line.kind === 'gap') {
    return (
      <div className={line ? 'atrium-mod-gap' : 'atrium-mod-none'} aria-hidden="true">
        {line ? '⋯' : ' '}
      </div>
    );
  }
  return (
    <div className={line.kind === 'same' ? undefined : `atrium-mod-${line.kind}`}>
      {SIGNS[line.kind]}
      {line.pieces.map((piece, at) => (piece.changed ? <mark key={at}>{piece.text}</mark> : piece.text))}
    </div>
  );
}

const SIGNS = { added: '+', removed: '-', same: ' ' };
