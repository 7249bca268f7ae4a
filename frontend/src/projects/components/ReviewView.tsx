import { Button, ErrorNote, OperationLine, RelativeTime, useAction } from '../../ui';
import type { GitModel, Review } from '../git';
import type { ProjectsModel } from '../model';
import { count } from '../words';
import { ReviewFiles } from './ReviewFiles';

/** What a merge would bring, and the button that does it. */
export function ReviewView(props: { model: GitModel; projects: ProjectsModel; review: Review }): JSX.Element {
  const { model, projects, review } = props;
  const project = projects.project(model.project);
  const merge = useAction(() => model.merge(''));
  const update = useAction(async () => {
    model.closeReview();
    await model.pulling.pull(review.target);
  });
  const nothing = review.commits.length === 0;
  const conflicts = review.conflicts.length > 0;
  return (
    <div className="atrium-Git-review">
      <div className="atrium-Git-reviewHead">
        <h3>
          {count(review.commits.length, 'commit')} of <code>{review.branch}</code> into{' '}
          <code>{review.target}</code>
        </h3>
        <Button onClick={() => model.closeReview()}>Back</Button>
        <Button
          kind="primary"
          busy={merge.busy}
          disabled={nothing || conflicts || review.unpushed > 0}
          onClick={() => void merge.run()}
        >
          Merge into {review.target}
        </Button>
      </div>
      <OperationLine operation={model.operation} />
      <ErrorNote error={merge.error} />
      {conflicts ? (
        <p className="atrium-Git-note" role="alert">
          Both sides changed the same in {review.conflicts.join(', ')}. Update {review.branch} first: then you
          choose, cell by cell, what stays.
        </p>
      ) : null}
      {conflicts || review.behind ? (
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
          .
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
      {project ? <ReviewFiles projects={projects} project={project} review={review} /> : null}
      {review.truncated ? <p className="atrium-Git-note">There are more files than are shown.</p> : null}
    </div>
  );
}
