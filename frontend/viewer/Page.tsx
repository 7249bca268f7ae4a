import { useEffect, useMemo } from 'react';

import { exactTime } from '../src/ui/time';
import { OutputView } from '../src/dashboards/components/OutputView';
import { pages, type View } from './api';
import { type Dashboard, useDashboard } from './state';
import { Widgets } from './Widgets';
import { moment, spoken, took } from './words';

/** The page that stakeholders open. */
export function Page(): JSX.Element {
  const dashboard = useDashboard();
  const { view, problem } = dashboard.state;
  useEffect(() => {
    document.title = view?.title ?? 'Dashboard';
  }, [view?.title]);
  if (problem) {
    return <Problem status={problem.status} message={problem.message} hint={problem.hint} />;
  }
  return view ? <Board view={view} dashboard={dashboard} /> : <Loading />;
}

function Board(props: { view: View; dashboard: Dashboard }): JSX.Element {
  const { view, dashboard } = props;
  const { state } = dashboard;
  const outputs = useMemo(
    () => new Map(state.answer?.tiles.map(tile => [tile.id, tile.outputs])),
    [state.answer]
  );
  const tiles = view.tiles.filter(tile => !tile.hidden);
  return (
    <>
      <header className="header">
        <h1>{view.title}</h1>
        {view.lead ? <p className="lead">{view.lead}</p> : null}
        <Provenance view={view} />
      </header>
      <Widgets view={view} dashboard={dashboard} />
      <Notices view={view} dashboard={dashboard} />
      <main className="grid" aria-label="Results">
        {tiles.length === 0 ? <p className="nothing">Nothing is shown here yet.</p> : null}
        {tiles.map(tile => {
          const follows = tile.follows ?? [];
          const waiting = !tile.fixed && state.pending.some(name => follows.includes(name));
          const old =
            tile.fixed &&
            follows.some(name => state.shown[name] !== undefined && differs(view, state.shown, name));
          return (
            <section
              key={tile.id}
              className={`card width-${tile.width}`}
              aria-label={tile.title || undefined}
              aria-busy={waiting || undefined}
            >
              {tile.title ? <h2>{tile.title}</h2> : null}
              <div className="card-body">
                {(outputs.get(tile.id) ?? tile.outputs).map((output, index) => (
                  <OutputView key={index} output={output} base={pages} title={tile.title} />
                ))}
              </div>
              {old ? <p className="card-note">{tile.fixed}</p> : null}
            </section>
          );
        })}
      </main>
      <p className="announce" role="status">
        {state.pending.length ? 'Computing' : state.answer ? 'Shown' : ''}
      </p>
    </>
  );
}

function differs(view: View, values: Record<string, unknown>, name: string): boolean {
  return view.widgets.some(widget => widget.name === name && widget.value !== values[name]);
}

function Provenance(props: { view: View }): JSX.Element {
  const { provenance } = props.view;
  const commit = provenance.sha?.slice(0, 7);
  return (
    <p className="provenance">
      as of{' '}
      <time dateTime={provenance.as_of} title={exactTime(provenance.as_of)}>
        {moment(provenance.as_of)}
      </time>
      {provenance.source === 'run' ? (
        <> · {took(provenance.seconds ?? 0)} run</>
      ) : (
        <> · not from a scheduled run</>
      )}
      {commit ? (
        <>
          {' · '}
          {provenance.run ? (
            <a href={`../runs/${provenance.run}`} title="The run that these numbers come from">
              <code>{commit}</code>
            </a>
          ) : (
            <code title="The version of the code">{commit}</code>
          )}
        </>
      ) : null}
    </p>
  );
}

function Notices(props: { view: View; dashboard: Dashboard }): JSX.Element | null {
  const { view, dashboard } = props;
  const { failure, shown, stale } = dashboard.state;
  const names = failure
    ? Object.keys(failure.values).filter(name => failure.values[name] !== shown[name])
    : [];
  return (
    <div className="notices">
      {failure ? (
        <div className="notice bad" role="alert">
          <p>
            <strong>{spoken(view, failure.values, names)} could not be shown.</strong> {failure.error.message}{' '}
            <span className="quiet">The numbers below are still those of {spoken(view, shown, names)}.</span>
          </p>
          <button type="button" onClick={dashboard.retry}>
            Try again
          </button>
          <button type="button" onClick={dashboard.dismiss}>
            Dismiss
          </button>
        </div>
      ) : null}
      {stale ? (
        <div className="notice" role="status">
          <p>New results</p>
          <button type="button" onClick={dashboard.renew}>
            Show
          </button>
        </div>
      ) : null}
    </div>
  );
}

function Loading(): JSX.Element {
  return (
    <div className="loading" role="status" aria-label="Loading">
      <span className="ghost ghost-title" />
      <div className="grid">
        <span className="ghost card width-6" />
        <span className="ghost card width-6" />
      </div>
    </div>
  );
}

function Problem(props: { status: number; message: string; hint: string }): JSX.Element {
  const byLink = location.hash.startsWith('#link.');
  const { title, text } = explain(props.status, byLink, props.message, props.hint);
  return (
    <main className="problem">
      <h1>{title}</h1>
      <p>{text}</p>
      {props.status === 401 && !byLink ? (
        <a className="primary" href={`../../login?next=${encodeURIComponent(location.pathname)}`}>
          Sign in
        </a>
      ) : null}
      {props.status === 0 || props.status >= 500 ? (
        <button type="button" className="primary" onClick={() => location.reload()}>
          Try again
        </button>
      ) : null}
    </main>
  );
}

function explain(
  status: number,
  byLink: boolean,
  message: string,
  hint: string
): { title: string; text: string } {
  if (byLink && (status === 401 || status === 403 || status === 404)) {
    return {
      title: 'This link no longer works',
      text: 'It has expired or was taken back. Ask the person who sent it to you for a new one.'
    };
  }
  if (status === 401) {
    return {
      title: 'Sign in to see this dashboard',
      text: 'Or ask somebody who can see it for a link to share.'
    };
  }
  if (status === 404) {
    return { title: 'There is no such dashboard', text: 'It may have been renamed or deleted.' };
  }
  return { title: 'The dashboard cannot be shown now', text: [message, hint].filter(Boolean).join(' ') };
}
