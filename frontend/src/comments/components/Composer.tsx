import { type KeyboardEvent, useEffect, useId, useLayoutEffect, useRef, useState } from 'react';

import { Avatar, Button } from '../../ui';
import { complete, matching, mentionAt } from '../mentions';
import type { Person } from '../model';

export interface ComposerProps {
  label: string;
  /** The verb on the button: "Comment", "Reply". */
  verb: string;
  people: readonly Person[];
  initial?: string;
  busy?: boolean;
  autoFocus?: boolean;
  /** Buttons show only once there is something to send. */
  quiet?: boolean;
  /** Told what is written, as it is. */
  onWrite?: (text: string) => void;
  /** What Escape does, where that is not to cancel; told what is written. */
  onLeave?: (text: string) => void;
  onSend: (text: string) => void;
  onCancel?: () => void;
}

/** A text box that grows, completes people after `@`, and sends with Ctrl+Enter. */
export function Composer(props: ComposerProps): JSX.Element {
  const { people, autoFocus = false } = props;
  const [text, setText] = useState(props.initial ?? '');
  const [caret, setCaret] = useState(0);
  const [chosen, setChosen] = useState(0);
  const [closed, setClosed] = useState(false);
  const box = useRef<HTMLTextAreaElement>(null);
  const moveTo = useRef<number | null>(null);
  const id = useId();

  const mention = closed ? null : mentionAt(text, caret);
  const offered = mention ? matching(people, mention.query) : [];
  const current = Math.min(chosen, offered.length - 1);

  useEffect(() => {
    const element = box.current;
    if (autoFocus && element) {
      element.focus();
      element.setSelectionRange(element.value.length, element.value.length);
    }
  }, [autoFocus]);

  useLayoutEffect(() => {
    const element = box.current;
    if (!element) {
      return;
    }
    element.style.height = 'auto';
    element.style.height = `${element.scrollHeight + 2}px`;
    if (moveTo.current !== null) {
      element.setSelectionRange(moveTo.current, moveTo.current);
      moveTo.current = null;
    }
  }, [text]);

  const write = (written: string) => {
    setText(written);
    props.onWrite?.(written);
  };
  const pick = (person: Person) => {
    if (mention) {
      const completed = complete(text, mention, caret, person.name);
      write(completed.text);
      setCaret(completed.caret);
      moveTo.current = completed.caret;
      box.current?.focus();
    }
  };
  const send = () => {
    if (text.trim() && !props.busy) {
      write('');
      props.onSend(text.trim());
    }
  };
  const leave = props.onLeave ?? props.onCancel;
  const onKeyDown = (event: KeyboardEvent) => {
    if (offered.length && ['ArrowDown', 'ArrowUp', 'Enter', 'Tab', 'Escape'].includes(event.key)) {
      event.preventDefault();
      event.stopPropagation();
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      const person = offered[current];
      if (step) {
        setChosen((current + step + offered.length) % offered.length);
      } else if (event.key === 'Escape') {
        setClosed(true);
      } else if (person) {
        pick(person);
      }
    } else if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      send();
    } else if (event.key === 'Escape' && leave) {
      event.preventDefault();
      leave(text);
    }
  };

  return (
    <div className="atrium-Composer">
      <textarea
        ref={box}
        className="atrium-Input"
        rows={1}
        aria-label={props.label}
        placeholder={props.label}
        aria-autocomplete="list"
        aria-controls={offered.length ? id : undefined}
        aria-activedescendant={offered.length ? `${id}-${current}` : undefined}
        value={text}
        onChange={event => {
          write(event.target.value);
          setCaret(event.target.selectionStart);
          setClosed(false);
          setChosen(0);
        }}
        onSelect={event => setCaret(event.currentTarget.selectionStart)}
        onKeyDown={onKeyDown}
      />
      {offered.length ? (
        <div className="atrium-Composer-people" id={id} role="listbox" aria-label="People">
          {offered.map((person, index) => (
            <div
              key={person.id}
              id={`${id}-${index}`}
              role="option"
              aria-selected={index === current}
              // The text box keeps its focus.
              onMouseDown={event => event.preventDefault()}
              onClick={() => pick(person)}
            >
              <Avatar name={person.display_name} color={person.color} named />
              <span className="atrium-Muted">@{person.name}</span>
            </div>
          ))}
        </div>
      ) : null}
      {!props.quiet || text.trim() ? (
        <div className="atrium-Composer-actions">
          {props.onCancel ? <Button onClick={props.onCancel}>Cancel</Button> : null}
          <Button
            kind={props.quiet ? 'plain' : 'primary'}
            busy={props.busy}
            disabled={!text.trim()}
            title="Ctrl+Enter"
            onClick={send}
          >
            {props.verb}
          </Button>
        </div>
      ) : null}
    </div>
  );
}
