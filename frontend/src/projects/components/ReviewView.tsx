import { type KeyboardEvent, useEffect, useRef } from 'react';

import { Button, commentIcon, ErrorNote, OperationLine, RelativeTime, useAction, useModel } from '../../ui';
import type { GitModel, Review } from '../git';
import type { ProjectsModel } from '../model';
import { count } from '../words';
import { ReviewFileList, ReviewFiles, said } from './ReviewFiles';
import { useReviewTalk } from './review-talk';

interface ReviewViewProps {
  model: GitModel;
  projects: ProjectsModel;
  review: Review;
  readOnly: boolean;
}

/** What a merge would bring, and the button that does it. */
export function ReviewView({ model, projects, review, readOnly }: ReviewViewProps): JSX.Element {
  const merge = useAction(() => model.merge(''));
  const update = useAction(async () => {
    model.closeReview();
    await model.pulling.pull(review.target);
  });
  const root = useRef<HTMLDivElement>(null);
  const talk = useModel(useReviewTalk(projects, model.project, review));
  const open = talk?.open() ?? 0;
  const { run: showAgain, ...again } = useAction(() => model.openReview());
  const movedOn = talk?.movedOn ?? '';
  useEffect(() => {
    // Whoever is writing chooses when the lines beneath it move.
    if (movedOn && !isWriting(root.current)) {
      void showAgain();
    }
  }, [movedOn, showAgain]);
  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    const step = { n: 1, p: -1 }[event.key];
    const typing = (event.target as HTMLElement).closest('textarea, input') !== null;
    if (step && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      goToThread(root.current, step);
    }
  };
  const nothing = review.commits.length === 0;
  const conflicts = review.conflicts.length > 0;
  return (
    <div className="atrium-Git-review" ref={root} tabIndex={-1} onKeyDown={onKeyDown}>
      <div className="atrium-Git-reviewHead">
        <h3>
          {count(review.commits.length, 'commit')} of <code>{review.branch}</code> into{' '}
          <code>{review.target}</code>
        </h3>
        {open ? (
          <Button
            kind="quiet"
            icon={commentIcon}
            title="Go to the next one (n; p: the one before)"
            onClick={() => goToThread(root.current, 1)}
          >
            {said(open)}
          </Button>
        ) : null}
        <Button onClick={() => model.closeReview()}>Back</Button>
        {readOnly ? null : (
          <Button
            kind="primary"
            busy={merge.busy}
            disabled={nothing || conflicts || review.unpushed > 0}
            onClick={() => void merge.run()}
          >
            Merge into {review.target}
          </Button>
        )}
      </div>
      <OperationLine operation={model.operation} />
      <ErrorNote error={merge.error ?? again.error} />
      <ErrorNote error={talk?.error ?? null} onRetry={() => void talk?.refresh()} />
      {movedOn ? (
        <p className="atrium-Git-note" role="status">
          {review.branch} has moved on to <span className="atrium-Commit">{movedOn.slice(0, 7)}</span>.
          <Button kind="quiet" busy={again.busy} onClick={() => void showAgain()}>
            Show it
          </Button>
        </p>
      ) : null}
      {conflicts ? (
        <p className="atrium-Git-note" role="alert">
          Both sides changed the same in {review.conflicts.join(', ')}.{' '}
          {readOnly
            ? `Whoever may change it updates ${review.branch} first.`
            : `Update ${review.branch} first: then you choose, cell by cell, what stays.`}
        </p>
      ) : null}
      {(conflicts || review.behind) && !readOnly ? (
        <p className="atrium-Git-note">
          <Button busy={update.busy} onClick={() => void update.run()}>
            Update {review.branch} from {review.target}
          </Button>
          <ErrorNote error={update.error} />
        </p>
      ) : null}
      {review.unpushed ? (
        <p className="atrium-Git-note">
          {count(review.unpushed, 'commit')} not pushed yet. Push first, so that they are part of it.
        </p>
      ) : null}
      {nothing ? (
        <p className="atrium-Git-note">{review.target} has everything of this branch already.</p>
      ) : null}
      {!nothing && !conflicts ? (
        <p className="atrium-Git-note atrium-Muted">
          It merges cleanly
          {review.behind
            ? ` with ${count(review.behind, 'commit')} that came to ${review.target} meanwhile`
            : ''}
          .{open ? ` ${said(open)}: merging leaves ${open === 1 ? 'it' : 'them'} open.` : ''}
        </p>
      ) : null}
      <ul className="atrium-Git-commits">
        {review.commits.map(commit => (
          <li key={commit.sha}>
            <span className="atrium-Commit" title={commit.sha}>
              {commit.sha.slice(0, 7)}
            </span>
            <span className="atrium-List-label" title={commit.description || commit.summary}>
              {commit.summary}
            </span>
            <span className="atrium-Muted">{commit.author}</span>
            <RelativeTime time={commit.time} />
          </li>
        ))}
      </ul>
      {review.files.length > 1 ? (
        <ReviewFileList review={review} talk={talk} onGo={path => goTo(root.current, path)} />
      ) : null}
      {talk?.invites && !nothing ? (
        <p className="atrium-Git-note atrium-Muted">
          Click a line’s number to comment on it, or drag over several. By keyboard: Enter on a number, Shift
          with the arrow keys for several.
        </p>
      ) : null}
      <ReviewFiles review={review} talk={talk} />
      {review.truncated ? <p className="atrium-Git-note">There are more files than are shown.</p> : null}
    </div>
  );
}

/** Whether somebody has begun to write below the lines. */
function isWriting(root: HTMLElement | null): boolean {
  return [...(root?.querySelectorAll('textarea') ?? [])].some(box => box.value !== '');
}

function goTo(root: HTMLElement | null, path: string): void {
  root?.querySelector(`[data-path="${CSS.escape(path)}"]`)?.scrollIntoView({ block: 'start' });
}

/** Go to the next open thread (or, with -1, the one before) from where the focus is; after the last comes the first. */
function goToThread(root: HTMLElement | null, step: number): void {
  const threads = [...(root?.querySelectorAll<HTMLElement>('.atrium-Thread[data-open]') ?? [])];
  const at = threads.findIndex(one => one.contains(document.activeElement));
  const next =
    threads[at === -1 && step < 0 ? threads.length - 1 : (at + step + threads.length) % threads.length];
  next?.scrollIntoView({ block: 'center' });
  next?.focus({ preventScroll: true });
}
