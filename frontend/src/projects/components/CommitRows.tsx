import { type KeyboardEvent, useEffect, useId, useRef, useState } from 'react';

import { RelativeTime } from '../../ui';
import { step } from '../../ui/rows';
import type { GraphCommit } from '../commit-pages';
import type { CommitsModel } from '../commits';
import type { LaneRow } from '../lanes';
import { Refs } from './Refs';

const ROW = 24;
const LANE = 12;
/** Rows drawn beyond those that are seen, on either side. */
const AROUND = 12;
/** Wider graphs are cut off: what is said of a commit matters more. */
const MOST_LANES = 16;
const COLORS = 6;

/** The commits with the lines between them. Only what is seen is drawn, however long the history is. */
export function CommitRows({ model }: { model: CommitsModel }): JSX.Element {
  const id = useId();
  const box = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const [height, setHeight] = useState(600);
  const { rows, selected } = model;
  const commits = model.commits ?? [];
  useEffect(() => {
    const element = box.current;
    if (!element) {
      return;
    }
    const observer = new ResizeObserver(() => setHeight(element.clientHeight));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const first = Math.max(0, Math.floor(top / ROW) - AROUND);
  const shown = commits.slice(first, Math.ceil((top + height) / ROW) + AROUND);
  const end = first + shown.length >= commits.length;
  useEffect(() => {
    if (end && model.more && !model.error) {
      void model.loadMore();
    }
  }, [end, model, model.more, model.error, commits.length]);
  const lanes = Math.min(
    MOST_LANES,
    1 +
      Math.max(
        -1,
        ...rows.slice(first, first + shown.length).flatMap(row => [row.lane, ...row.through, ...row.below])
      )
  );
  const at = commits.findIndex(commit => commit.sha === selected);
  const go = (index: number) => {
    const commit = commits[index];
    const element = box.current;
    if (commit && element) {
      const above = index * ROW;
      element.scrollTop = Math.max(Math.min(element.scrollTop, above), above + ROW - element.clientHeight);
      void model.select(commit.sha);
    }
  };
  const onKey = (event: KeyboardEvent) => {
    const page = Math.max(1, Math.floor(height / ROW) - 1);
    const jump = { PageDown: Math.min(at + page, commits.length - 1), PageUp: Math.max(at - page, 0) }[
      event.key
    ];
    const next = jump ?? step(event.key, at, commits.length);
    if (next !== null) {
      event.preventDefault();
      go(next);
    }
  };
  return (
    <div
      ref={box}
      className="atrium-Commits-rows"
      role="listbox"
      aria-label="Commits"
      aria-activedescendant={at >= first && at < first + shown.length ? `${id}-${at}` : undefined}
      tabIndex={0}
      onScroll={event => setTop(event.currentTarget.scrollTop)}
      onKeyDown={onKey}
    >
      <div className="atrium-Commits-all" style={{ height: commits.length * ROW }}>
        <div style={{ transform: `translateY(${first * ROW}px)` }}>
          {shown.map((commit, index) => (
            <div
              key={commit.sha}
              id={`${id}-${first + index}`}
              role="option"
              aria-selected={commit.sha === selected}
              aria-posinset={first + index + 1}
              aria-setsize={model.more ? -1 : commits.length}
              className={`atrium-Commits-row${commit.sha === model.base ? ' atrium-mod-base' : ''}`}
              onClick={() => go(first + index)}
            >
              <Row commit={commit} row={rows[first + index] ?? null} lanes={lanes} />
            </div>
          ))}
        </div>
      </div>
    </div>
  );
}

function Row(props: { commit: GraphCommit; row: LaneRow | null; lanes: number }): JSX.Element {
  const { commit, row, lanes } = props;
  return (
    <>
      {row ? <LaneLines row={row} lanes={lanes} merge={commit.parents.length > 1} /> : null}
      <Refs refs={commit.refs ?? []} />
      <span className="atrium-List-label" title={commit.summary}>
        {commit.summary}
      </span>
      <span className="atrium-Muted atrium-Commits-author" title={commit.email}>
        {commit.author}
      </span>
      <span className="atrium-Commit" title={commit.sha}>
        {commit.sha.slice(0, 7)}
      </span>
      <RelativeTime time={commit.time} />
    </>
  );
}

const x = (lane: number) => lane * LANE + LANE / 2;

function LaneLines({ row, lanes, merge }: { row: LaneRow; lanes: number; merge: boolean }): JSX.Element {
  const middle = ROW / 2;
  const here = x(row.lane);
  const color = (lane: number) => `atrium-mod-lane${lane % COLORS}`;
  return (
    <svg className="atrium-Commits-lanes" width={lanes * LANE} height={ROW} aria-hidden="true">
      {row.through.map(lane => (
        <path key={`t${lane}`} className={color(lane)} d={`M${x(lane)} 0V${ROW}`} />
      ))}
      {row.above.map(lane => (
        <path
          key={`a${lane}`}
          className={color(lane)}
          d={`M${x(lane)} 0C${x(lane)} ${middle} ${here} 0 ${here} ${middle}`}
        />
      ))}
      {row.below.map(lane => (
        <path
          key={`b${lane}`}
          className={color(Math.max(lane, row.lane))}
          d={`M${here} ${middle}C${here} ${ROW} ${x(lane)} ${middle} ${x(lane)} ${ROW}`}
        />
      ))}
      <circle
        className={`${color(row.lane)}${merge ? ' atrium-mod-merge' : ''}`}
        cx={here}
        cy={middle}
        r={4}
      />
    </svg>
  );
}
