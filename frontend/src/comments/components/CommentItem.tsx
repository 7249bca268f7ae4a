import { useState } from 'react';

import { Avatar, Button, ErrorNote, RelativeTime, useAction } from '../../ui';
import { pieces } from '../mentions';
import type { Comment, Pending, Person } from '../threads';
import { Composer } from './Composer';

export interface CommentItemProps {
  comment: Comment;
  people: readonly Person[];
  /** Where an edit that is being written is kept. */
  written: Map<string, string>;
  /** Whether the reader wrote it. */
  own: boolean;
  onEdit: (text: string) => Promise<void>;
  onDelete: () => Promise<void>;
}

/** One comment; its author may edit and delete it. */
export function CommentItem(props: CommentItemProps): JSX.Element {
  const { comment, people, written } = props;
  const [mode, setMode] = useState<'read' | 'edit' | 'delete'>(written.has(comment.id) ? 'edit' : 'read');
  const edit = useAction(props.onEdit);
  const remove = useAction(props.onDelete);
  const endEdit = () => {
    written.delete(comment.id);
    setMode('read');
  };
  const save = async (changed: string) => {
    written.set(comment.id, changed);
    if (await edit.run(changed)) {
      endEdit();
    }
  };
  return (
    <article className="atrium-Comment">
      <header>
        <Avatar name={comment.author.display_name} color={comment.author.color} named />
        <RelativeTime time={comment.created} />
        {comment.edited ? <span className="atrium-Muted">edited</span> : null}
        {props.own && mode === 'read' ? (
          <span className="atrium-Comment-own">
            <Button kind="quiet" onClick={() => setMode('edit')}>
              Edit
            </Button>
            <Button kind="quiet" onClick={() => setMode('delete')}>
              Delete
            </Button>
          </span>
        ) : null}
      </header>
      {mode === 'edit' ? (
        <Composer
          key={edit.busy ? 'saving' : 'editing'}
          label="Edit comment"
          verb="Save"
          people={people}
          initial={written.get(comment.id) ?? comment.text}
          busy={edit.busy}
          autoFocus
          onWrite={changed => void written.set(comment.id, changed)}
          onSend={changed => void save(changed)}
          onCancel={endEdit}
        />
      ) : (
        <CommentText text={comment.text} people={people} />
      )}
      <ErrorNote error={edit.error} />
      {mode === 'delete' ? (
        <div className="atrium-Comment-confirm" role="group" aria-label="Delete comment">
          <Button kind="danger" busy={remove.busy} onClick={() => void remove.run()}>
            Delete this comment
          </Button>
          <Button onClick={() => setMode('read')}>Keep</Button>
        </div>
      ) : null}
      <ErrorNote error={remove.error} />
    </article>
  );
}

export interface PendingItemProps {
  pending: Pending;
  me: Person | null;
  people: readonly Person[];
  onRetry: () => void;
  onDrop: () => void;
}

/** A comment that the server does not have yet. */
export function PendingItem({ pending, me, people, onRetry, onDrop }: PendingItemProps): JSX.Element {
  return (
    <article className="atrium-Comment atrium-mod-pending" aria-busy={pending.error === null}>
      <header>
        <Avatar name={me?.display_name ?? 'Me'} color={me?.color} named />
        <span className="atrium-Muted" role="status">
          {pending.error ? 'not sent' : 'sending'}
        </span>
      </header>
      <CommentText text={pending.text} people={people} />
      <ErrorNote error={pending.error} onRetry={onRetry} retryLabel="Send again" />
      {pending.error ? (
        <Button kind="quiet" onClick={onDrop}>
          Discard
        </Button>
      ) : null}
    </article>
  );
}

function CommentText(props: { text: string; people: readonly Person[] }): JSX.Element {
  const names = new Set(props.people.map(person => person.name));
  return (
    <p className="atrium-Comment-text">
      {pieces(props.text, names).map((piece, index) =>
        piece.mention ? (
          <span key={index} className="atrium-Mention">
            {piece.text}
          </span>
        ) : (
          piece.text
        )
      )}
    </p>
  );
}
