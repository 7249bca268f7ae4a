import { useId, useRef } from 'react';

import type { Choice } from '../src/ui/output';
import type { View } from './api';
import type { Dashboard } from './state';
import { labels, spoken } from './words';

/** The widgets in one bar; on a phone a line of what is chosen, and a sheet to choose in. */
export function Widgets(props: { view: View; dashboard: Dashboard }): JSX.Element | null {
  const { view, dashboard } = props;
  const sheet = useRef<HTMLDialogElement>(null);
  const { values, pending } = dashboard.state;
  if (view.widgets.length === 0) {
    return null;
  }
  const chosen = spoken(
    view,
    values,
    view.widgets.map(widget => widget.name)
  );
  const picked = view.widgets.map(widget => labels(widget.choices)(values[widget.name])).join(' · ');
  return (
    <section className="bar" aria-label="Choose what is shown" aria-busy={pending.length > 0}>
      <div className="bar-inner">
        <div className="widgets">
          <Selects view={view} dashboard={dashboard} />
        </div>
        <button type="button" className="summary" onClick={() => sheet.current?.showModal()}>
          <span>{picked}</span>
          <span className="summary-verb">Change</span>
        </button>
        <p className="chosen">{chosen}</p>
      </div>
      <div className="progress" role="progressbar" aria-label="Computing" hidden={pending.length === 0} />
      <dialog
        ref={sheet}
        className="sheet"
        aria-label="Choose what is shown"
        onClick={event => event.target === sheet.current && sheet.current.close()}
      >
        <form method="dialog">
          <div className="widgets">
            <Selects view={view} dashboard={dashboard} />
          </div>
          <button className="primary">Show</button>
        </form>
      </dialog>
    </section>
  );
}

function Selects(props: { view: View; dashboard: Dashboard }): JSX.Element {
  const { view, dashboard } = props;
  return (
    <>
      {view.widgets.map(widget => (
        <Select
          key={widget.name}
          label={widget.label}
          choices={widget.choices as Choice[]}
          value={dashboard.state.values[widget.name] as Choice}
          live={widget.live ?? true}
          onChange={value => dashboard.choose(widget.name, value)}
        />
      ))}
    </>
  );
}

interface SelectProps {
  label: string;
  choices: Choice[];
  value: Choice;
  live: boolean;
  onChange: (value: Choice) => void;
}

function Select(props: SelectProps): JSX.Element {
  const { choices } = props;
  const id = useId();
  const label = labels(choices);
  return (
    <div className="widget">
      <label htmlFor={id}>{props.label}</label>
      <select
        id={id}
        value={choices.indexOf(props.value)}
        disabled={!props.live}
        title={props.live ? undefined : 'Nothing on this page depends on it.'}
        onChange={event => props.onChange(choices[Number(event.target.value)] as Choice)}
      >
        {choices.map((choice, index) => (
          <option key={index} value={index}>
            {label(choice)}
          </option>
        ))}
      </select>
    </div>
  );
}
