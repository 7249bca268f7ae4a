import { type FormEvent, type KeyboardEvent, useEffect, useId, useRef, useState } from 'react';

import { Button, ErrorNote, useAction } from '../../ui';
import type { InputRequest } from '../queue';

export interface InputLineProps {
  input: InputRequest;
  /** Who runs the cell; empty if it is the reader. */
  person: string;
  /** The reader may not run cells, and only sees what is asked. */
  readOnly: boolean;
  /** Put the cursor here when the line appears. */
  takesFocus: boolean;
  onAnswer: (value: string) => Promise<unknown>;
}

/** What a running cell asks for, and a field for the answer. */
export function InputLine(props: InputLineProps): JSX.Element {
  const { prompt, password } = props.input;
  const id = useId();
  const field = useRef<HTMLInputElement>(null);
  const [value, setValue] = useState('');
  const answer = useAction(() => props.onAnswer(value));
  const { takesFocus } = props;
  useEffect(() => {
    if (takesFocus) {
      field.current?.focus();
    }
  }, [takesFocus]);
  const whose = props.person ? `, which ${props.person} runs` : '';
  if (props.readOnly) {
    return (
      <div className="atrium-InputLine">
        <span className="atrium-InputLine-prompt">{prompt}</span>
        <span className="atrium-Muted">The cell waits for {password ? 'a password' : 'an answer'}.</span>
      </div>
    );
  }
  const send = (event: FormEvent) => {
    event.preventDefault();
    void answer.run();
  };
  // The notebook around it has its own meaning for most keys.
  const keep = (event: KeyboardEvent) => {
    event.stopPropagation();
    if (event.key === 'Escape') {
      field.current?.blur();
    }
  };
  return (
    <form className="atrium-InputLine" autoComplete="off" onSubmit={send}>
      <label htmlFor={id} className={prompt.trim() ? 'atrium-InputLine-prompt' : 'atrium-Muted'}>
        {prompt.trim() ? prompt : password ? 'Password' : 'Input'}
      </label>
      <input
        ref={field}
        id={id}
        className="atrium-Input atrium-InputLine-field"
        type={password ? 'password' : 'text'}
        autoComplete={password ? 'new-password' : 'off'}
        spellCheck={false}
        title={`The answer to this cell${whose}. Anybody who may run cells can give it; the first one counts.`}
        value={value}
        onChange={event => setValue(event.target.value)}
        onKeyDown={keep}
      />
      <Button submit busy={answer.busy}>
        Send
      </Button>
      <ErrorNote error={answer.error} />
    </form>
  );
}
