import { useEffect, useId, useRef } from 'react';

import type { Choice, WidgetData } from './widget';

export interface DropdownProps {
  widget: WidgetData;
  /** The choice that is shown; the widget's own value unless told. */
  value?: Choice;
  onChange: (value: Choice) => void;
  /** Its consequences are being computed; it can be changed again meanwhile. */
  busy?: boolean;
  /** Why the last change failed. */
  error?: string | null;
  disabled?: boolean;
  /** Take the focus once it is there, because it replaces one that had it. */
  focus?: boolean;
}

/** One choice of several: a label above a native select. Needs no more than `style/output.css`. */
export function Dropdown(props: DropdownProps): JSX.Element {
  const { widget, error, focus = false } = props;
  const id = useId();
  const select = useRef<HTMLSelectElement>(null);
  useEffect(() => {
    if (focus) {
      select.current?.focus({ preventScroll: true });
    }
  }, [focus]);
  // By place, so that 1, "1" and true stay apart.
  const place = widget.choices.indexOf(props.value ?? widget.value);
  return (
    <div className="atrium-Output atrium-Dropdown" aria-busy={props.busy || undefined}>
      <label htmlFor={id}>{widget.label}</label>
      <select
        ref={select}
        id={id}
        className="atrium-Output-select"
        value={place}
        disabled={props.disabled}
        aria-describedby={error ? `${id}-error` : undefined}
        onChange={event => props.onChange(widget.choices[Number(event.target.value)] as Choice)}
      >
        {place === -1 ? <option value={-1}>{String(props.value ?? widget.value)}</option> : null}
        {widget.choices.map((choice, index) => (
          <option key={index} value={index}>
            {String(choice)}
          </option>
        ))}
      </select>
      {error ? (
        <p id={`${id}-error`} className="atrium-Dropdown-error" role="alert">
          {error}
        </p>
      ) : null}
    </div>
  );
}
