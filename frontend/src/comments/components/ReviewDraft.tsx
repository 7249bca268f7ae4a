import { useState } from 'react';

import type { Person } from '../threads';
import type { Draft } from '../reviews';
import { Composer } from './Composer';

interface Props {
  draft: Draft;
  /** What is commented on: "line 3 of notes.md". */
  name: string;
  /** Where it is, for one that does not hang below its lines. */
  place?: string;
  people: readonly Person[];
  onWrite: (text: string) => void;
  onSend: (text: string) => void;
  onCancel: () => void;
}

/** A comment that is being written in a review. Escape leaves it, and what is written stays. */
export function ReviewDraft({ draft, name, place, people, onWrite, onSend, onCancel }: Props): JSX.Element {
  // The line's number or the button that began it, which has the focus again afterwards.
  const [from] = useState(() => document.activeElement as HTMLElement | null);
  const leave = (then: () => void) => {
    then();
    from?.focus();
  };
  return (
    <div className="atrium-Thread atrium-mod-draft">
      {place ? <span className="atrium-Muted">{place}</span> : null}
      <Composer
        label={`Comment on ${name}; @ names people`}
        verb="Comment"
        people={people}
        initial={draft.text}
        // One that was left earlier does not take the focus when it is drawn again.
        autoFocus={draft.asked > 0}
        onWrite={onWrite}
        onLeave={text => leave(text.trim() ? () => undefined : onCancel)}
        onSend={text => leave(() => onSend(text))}
        onCancel={() => leave(onCancel)}
      />
    </div>
  );
}
