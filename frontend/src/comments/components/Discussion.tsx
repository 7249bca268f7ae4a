import { useEffect, useMemo, useState } from 'react';

import type { DiscussionProps } from '../../projects/tokens';
import { Button, commentIcon, ErrorNote, useModel } from '../../ui';
import type { Anchor } from '../anchor';
import type { Discussions } from '../discussions';
import type { PeopleModel } from '../people';
import { Composer } from './Composer';
import { PendingItems, ThreadBody } from './ThreadCard';

interface Props extends DiscussionProps {
  discussions: Discussions;
  people: PeopleModel;
}

/** What is said about one cell or file of a review, and a way to say something. */
export function Discussion({ discussions, people, path, cell, name }: Props): JSX.Element {
  const model = useMemo(() => discussions.of(path), [discussions, path]);
  useEffect(() => discussions.hold(path), [discussions, path]);
  useModel(model);
  useModel(people);
  const [writing, setWriting] = useState(false);
  const [all, setAll] = useState(false);
  const here = (model.threads ?? []).filter(({ anchor }) =>
    cell ? anchor.cell_id === cell : anchor.part === 'file'
  );
  const open = here.filter(thread => thread.state === 'open');
  const shown = all ? here : open;
  const begun = model.pending.filter(each => each.thread === null && each.anchor?.cell_id === cell);
  const hidden = here.length - open.length;
  return (
    <div className="atrium-Discussion">
      <ErrorNote error={model.error} onRetry={() => void model.refresh()} />
      {shown.length ? (
        <ul className="atrium-Threads" aria-label={`Comments on ${name}`}>
          {shown.map(thread => (
            <li key={thread.id} className="atrium-Thread">
              {thread.anchor.quote ? (
                <span className="atrium-Quote-words">{thread.anchor.quote.exact}</span>
              ) : null}
              <ThreadBody thread={thread} model={model} people={people.people} me={people.me} />
            </li>
          ))}
        </ul>
      ) : null}
      <PendingItems pending={begun} model={model} people={people.people} me={people.me} />
      {writing ? (
        <Composer
          label={`Comment on ${name}; @ names people`}
          verb="Comment"
          people={people.people}
          autoFocus
          onSend={text => {
            setWriting(false);
            void model.begin(anchorOf(cell), text);
          }}
          onCancel={() => setWriting(false)}
        />
      ) : (
        <div className="atrium-Discussion-actions">
          <Button
            kind="quiet"
            icon={commentIcon}
            aria-label={`Comment on ${name}`}
            onClick={() => setWriting(true)}
          >
            Comment
          </Button>
          {hidden ? (
            <Button kind="quiet" aria-expanded={all} onClick={() => setAll(!all)}>
              {all ? 'Hide resolved' : `Show ${hidden} resolved`}
            </Button>
          ) : null}
        </div>
      )}
    </div>
  );
}

function anchorOf(cell: string): Anchor {
  return { cell_id: cell, part: cell ? 'source' : 'file', quote: null, line: null, source_hash: '' };
}
