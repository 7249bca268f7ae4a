import { useEffect, useRef } from 'react';

import { Button, ErrorNote, useAction } from '../../ui';
import type { Pending, Person, Thread, Threads } from '../threads';
import type { NotebookThreads, Placed } from '../notebook';
import { CommentItem, PendingItem } from './CommentItem';
import { Composer } from './Composer';

export interface ThreadCardProps {
  placed: Placed;
  threads: NotebookThreads;
  people: readonly Person[];
  me: Person | null;
}

const SAID = { cell: '', exact: '', moved: 'moved', outdated: 'outdated' };
const WHY = {
  cell: '',
  exact: '',
  moved: 'These words are in another cell now',
  outdated: 'These words have changed since'
};

/** A thread: what it is about, who said what, a reply, and Resolve. */
export function ThreadCard({ placed, threads, people, me }: ThreadCardProps): JSX.Element {
  const { thread, found } = placed;
  const card = useRef<HTMLLIElement>(null);
  const focused = threads.focused === thread.id;
  useEffect(() => {
    if (focused) {
      card.current?.scrollIntoView({ block: 'nearest' });
      card.current?.querySelector('button')?.focus({ preventScroll: true });
    }
  }, [focused]);
  const jump = () => (found ? void threads.jump(found) : undefined);
  return (
    <li ref={card} className="atrium-Thread" aria-current={focused || undefined}>
      <QuoteLine
        cell={found?.cell ?? null}
        quote={thread.anchor.quote?.exact ?? null}
        note={found ? SAID[found.how] : ''}
        title={found ? WHY[found.how] || 'Go to the cell' : 'Its cell was deleted'}
        onClick={found ? jump : undefined}
      />
      <ThreadBody thread={thread} model={threads.model} people={people} me={me} />
    </li>
  );
}

export interface ThreadBodyProps {
  thread: Thread;
  model: Threads;
  people: readonly Person[];
  me: Person | null;
}

/** Who said what, a reply, and Resolve. */
export function ThreadBody({ thread, model, people, me }: ThreadBodyProps): JSX.Element {
  const resolved = thread.state === 'resolved';
  const settle = useAction(() => (resolved ? model.reopen(thread) : model.resolve(thread)));
  return (
    <>
      {thread.comments.map(comment => (
        <CommentItem
          key={comment.id}
          comment={comment}
          people={people}
          written={model.written}
          own={model.mayComment && me !== null && comment.author.id === me.id}
          onEdit={text => model.edit(thread, comment, text)}
          onDelete={() => model.remove(thread, comment)}
        />
      ))}
      <PendingItems
        pending={model.pending.filter(each => each.thread === thread.id)}
        model={model}
        people={people}
        me={me}
      />
      <div className="atrium-Thread-foot">
        {resolved ? (
          <span className="atrium-Muted">Resolved by {thread.resolved_by?.display_name}</span>
        ) : model.mayComment ? (
          <Composer
            label="Reply"
            verb="Reply"
            people={people}
            quiet
            initial={model.written.get(thread.id) ?? ''}
            onWrite={text => void model.written.set(thread.id, text)}
            onSend={text => void model.reply(thread.id, text)}
          />
        ) : null}
        {model.mayComment ? (
          <Button busy={settle.busy} onClick={() => void settle.run()}>
            {resolved ? 'Reopen' : 'Resolve'}
          </Button>
        ) : null}
      </div>
      <ErrorNote error={settle.error} />
    </>
  );
}

export interface PendingItemsProps {
  pending: readonly Pending[];
  model: Threads;
  people: readonly Person[];
  me: Person | null;
}

export function PendingItems({ pending, model, people, me }: PendingItemsProps): JSX.Element {
  return (
    <>
      {pending.map(each => (
        <PendingItem
          key={each.key}
          pending={each}
          people={people}
          me={me}
          onRetry={() => void model.retry(each)}
          onDrop={() => model.drop(each)}
        />
      ))}
    </>
  );
}

export interface QuoteLineProps {
  /** Counted from 0; null when it was deleted. */
  cell: number | null;
  quote: string | null;
  note?: string;
  title?: string;
  onClick?: () => void;
}

/** "cell 3 · “read_csv”": what a thread is about, and the way there. */
export function QuoteLine({ cell, quote, note, title, onClick }: QuoteLineProps): JSX.Element {
  const place = cell === null || cell === -1 ? 'deleted cell' : `cell ${cell + 1}`;
  return (
    <button type="button" className="atrium-Quote" title={title} disabled={!onClick} onClick={onClick}>
      <span className="atrium-Quote-place">
        {place}
        {note ? ` · ${note}` : ''}
      </span>
      {quote ? <span className="atrium-Quote-words">{quote}</span> : null}
    </button>
  );
}
