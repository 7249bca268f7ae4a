import { useEffect, useRef, useState } from 'react';

import { Avatar, Button, ErrorNote, exactTime, useAction, useModel } from '../../ui';
import { type Against, type HistoryModel, type Point, reason, type Restored } from '../history';
import { HistoryDiff } from './HistoryDiff';
import { HistoryTimeline } from './HistoryTimeline';

export interface HistoryViewProps {
  model: HistoryModel;
  /** Tells that the document was changed, and offers to undo that. */
  onRestored: (restored: Restored, what: string) => void;
}

/** The versions of a document at the left, how the chosen one differs at the right. */
export function HistoryView({ model, onRestored }: HistoryViewProps): JSX.Element {
  const { points, point, error } = useModel(model);
  useEffect(() => void model.refresh(), [model]);
  if (error && !points) {
    return <ErrorNote error={error} onRetry={() => void model.refresh()} />;
  }
  if (!points) {
    return (
      <div className="atrium-Skeleton" role="status" aria-label="Loading versions">
        <span />
        <span />
        <span />
      </div>
    );
  }
  return (
    <div className="atrium-History">
      <div className="atrium-History-side">
        {model.writable ? <NameNow model={model} first={points.length === 0} /> : null}
        <ErrorNote error={error} onRetry={() => void model.refresh()} />
        {points.length === 0 ? (
          <p className="atrium-Empty">
            No versions yet. While somebody edits, one is kept every ten minutes; and before anything is
            merged or brought back.
          </p>
        ) : (
          <HistoryTimeline
            points={points}
            selected={point?.id ?? null}
            onSelect={id => void model.select(id)}
          />
        )}
      </div>
      <div className="atrium-History-main">
        {point ? <Version key={point.id} model={model} point={point} onRestored={onRestored} /> : null}
      </div>
    </div>
  );
}

function Version({ model, point, onRestored }: HistoryViewProps & { point: Point }): JSX.Element {
  const { diff, diffError } = model;
  const [naming, setNaming] = useState(false);
  const restore = useAction(async () => onRestored(await model.restore(point), 'The version'));
  const copyBack = async (cell: number) => onRestored(await model.restore(point, cell), 'The cell');
  const same = diff?.same === true && !diff.later;
  return (
    <article aria-label={`Version of ${exactTime(point.created)}`}>
      <header className="atrium-History-head">
        <div className="atrium-History-title">
          <h2>{point.name || reason(point)}</h2>
          <span className="atrium-History-people atrium-Muted">
            {exactTime(point.created)}
            {point.people.map(name => (
              <Avatar key={name} name={name} named />
            ))}
          </span>
        </div>
        {model.writable ? (
          <div className="atrium-History-actions">
            <Button onClick={() => setNaming(!naming)} aria-expanded={naming}>
              {point.name ? 'Rename' : 'Name this version'}
            </Button>
            <Button
              kind="primary"
              busy={restore.busy}
              disabled={same}
              title={
                same ? 'The document says this already' : 'Have the document say this again, for everybody'
              }
              onClick={() => void restore.run()}
            >
              Restore
            </Button>
          </div>
        ) : null}
      </header>
      {naming ? (
        <NameForm
          label="Name of this version"
          initial={point.name}
          onName={name => model.name(point, name)}
          onDone={() => setNaming(false)}
        />
      ) : null}
      <ErrorNote error={restore.error} />
      <Compared model={model} />
      <ErrorNote error={diffError} onRetry={() => void model.retry()} />
      {diff ? (
        <HistoryDiff diff={diff} onCopyBack={model.writable ? copyBack : null} />
      ) : diffError ? null : (
        <div className="atrium-Skeleton" role="status" aria-label="Comparing">
          <span />
          <span />
          <span />
        </div>
      )}
    </article>
  );
}

const CHOICES: [Against, string][] = [
  ['now', 'What has changed since'],
  ['previous', 'What changed in it']
];

/** What the version is compared with. */
function Compared({ model }: { model: HistoryModel }): JSX.Element {
  return (
    <div className="atrium-History-compared" role="radiogroup" aria-label="Compare">
      {CHOICES.map(([against, label]) => (
        <label key={against}>
          <input
            type="radio"
            checked={model.against === against}
            onChange={() => void model.compareWith(against)}
          />
          {label}
        </label>
      ))}
    </div>
  );
}

/** Keeps what the document says now, by name. */
function NameNow({ model, first }: { model: HistoryModel; first: boolean }): JSX.Element {
  const [open, setOpen] = useState(false);
  return (
    <div className="atrium-History-now">
      {open ? (
        <NameForm
          label="Name of what it says now"
          initial=""
          onName={name => model.nameNow(name)}
          onDone={() => setOpen(false)}
        />
      ) : (
        <Button kind={first ? 'primary' : 'plain'} onClick={() => setOpen(true)}>
          Name current version
        </Button>
      )}
    </div>
  );
}

interface NameFormProps {
  label: string;
  initial: string;
  onName: (name: string) => Promise<void>;
  onDone: () => void;
}

function NameForm({ label, initial, onName, onDone }: NameFormProps): JSX.Element {
  const [name, setName] = useState(initial);
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => input.current?.focus(), []);
  const save = useAction(async () => {
    await onName(name);
    onDone();
  });
  return (
    <form
      className="atrium-History-naming"
      onSubmit={event => {
        event.preventDefault();
        void save.run();
      }}
      onKeyDown={event => {
        if (event.key === 'Escape') {
          event.stopPropagation();
          onDone();
        }
      }}
    >
      <input
        ref={input}
        className="atrium-Input"
        aria-label={label}
        aria-invalid={save.error ? true : undefined}
        placeholder="For example: before the review"
        maxLength={100}
        value={name}
        onChange={event => setName(event.target.value)}
      />
      <Button submit busy={save.busy} disabled={!name.trim() && !initial}>
        {initial && !name.trim() ? 'Remove name' : 'Name'}
      </Button>
      <Button kind="quiet" onClick={onDone}>
        Cancel
      </Button>
      <ErrorNote error={save.error} />
    </form>
  );
}
