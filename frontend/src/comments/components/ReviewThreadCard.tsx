import { useState } from 'react';

import { Button, useModel } from '../../ui';
import { linesOf } from '../../projects/remarks';
import type { PeopleModel } from '../people';
import type { ReviewThread, ReviewThreads } from '../reviews';
import { ThreadBody } from './ThreadCard';

interface Props {
  shown: ReviewThread;
  model: ReviewThreads;
  people: PeopleModel;
  /** Where it is, for one that does not hang below its lines: these are shown then. */
  place?: string;
}

/** A thread in a review; a resolved one is folded. */
export function ReviewThreadCard({ shown, model, people, place }: Props): JSX.Element {
  useModel(people);
  const { thread, spot } = shown;
  const open = thread.state === 'open';
  const [unfolded, setUnfolded] = useState(false);
  const first = spot?.first ?? 0;
  const last = spot?.last ?? 0;
  const title = place ?? (last > first ? linesOf(first, last) : '');
  const said = thread.comments.length;
  return (
    <section
      className="atrium-Thread"
      data-open={open || undefined}
      tabIndex={-1}
      aria-label={`${open ? 'Open' : 'Resolved'} thread of ${thread.created_by.display_name}`}
    >
      {title ? <span className="atrium-Muted">{title}</span> : null}
      {place && thread.anchor.quote ? (
        <pre className="atrium-Thread-kept" aria-label="The lines as they were">
          {thread.anchor.quote.exact}
        </pre>
      ) : null}
      {open || unfolded ? (
        <ThreadBody thread={thread} model={model} people={people.people} me={people.me} />
      ) : (
        <div className="atrium-Thread-folded">
          <span className="atrium-List-label atrium-Muted">
            Resolved by {thread.resolved_by?.display_name} · {said === 1 ? '1 comment' : `${said} comments`}
          </span>
          <Button kind="quiet" aria-expanded={false} onClick={() => setUnfolded(true)}>
            Show
          </Button>
        </div>
      )}
    </section>
  );
}
