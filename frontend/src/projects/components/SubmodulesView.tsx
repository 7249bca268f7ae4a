import { useEffect, useState } from 'react';

import { Button, ErrorNote, OperationLine, useAction, useModel } from '../../ui';
import type { Submodule, Submodules } from '../submodules';
import { count } from '../words';

export interface SubmodulesViewProps {
  model: Submodules;
  /** Listed anew when it changes. */
  head: string;
}

/** Submodules, which stay away until an owner lets them in; nothing where there are none. */
export function SubmodulesView({ model, head }: SubmodulesViewProps): JSX.Element | null {
  useModel(model);
  const [open, setOpen] = useState<boolean | null>(null);
  const [asking, setAsking] = useState('');
  const load = useAction(() => model.load());
  const { run } = load;
  useEffect(() => void run(), [run, head]);
  const fetch = useAction(() => model.fetch());
  const letIn = useAction(async (url: string) => {
    setAsking('');
    await model.letIn(url);
  });
  const off = useAction((url: string) => model.turnOff(url));
  const { listed, fetching } = model;
  if (!listed.length && !load.error) {
    return null;
  }
  const busy = fetch.busy || letIn.busy || off.busy;
  const absent = listed.filter(one => one.state !== 'here').length;
  const shown = open ?? (listed.length === 1 && absent > 0);
  const waiting = listed.some(one => one.state === 'missing' || one.state === 'other');
  return (
    <section className="atrium-LargeFiles" aria-label="Submodules">
      {listed.length ? (
        <div className="atrium-LargeFiles-row">
          <span className="atrium-List-label">{summary(listed.length, absent)}</span>
          <Button kind="quiet" aria-expanded={shown} onClick={() => setOpen(!shown)}>
            {shown ? 'Hide' : 'Show'}
          </Button>
          {waiting ? (
            <Button busy={busy} onClick={() => void fetch.run()}>
              Fetch
            </Button>
          ) : null}
        </div>
      ) : null}
      {shown ? (
        <ul aria-label="Submodules of this branch">
          {listed.map(one => (
            <li key={one.path} className="atrium-Submodule">
              <div className="atrium-LargeFiles-row">
                <span className="atrium-Submodule-path" title={one.path}>
                  {one.path}
                </span>
                <span className="atrium-List-label atrium-Muted" title={one.url}>
                  {one.url}
                </span>
                <span className="atrium-Muted">{state(one)}</span>
                {one.state === 'off' ? (
                  <Button
                    kind="quiet"
                    disabled={busy}
                    aria-label={`Let in ${one.path}`}
                    aria-expanded={asking === one.path}
                    onClick={() => setAsking(asking === one.path ? '' : one.path)}
                  >
                    Let in…
                  </Button>
                ) : one.consented ? (
                  <Button
                    kind="quiet"
                    disabled={busy}
                    aria-label={`Turn off ${one.path}`}
                    title="Empties its folder on every branch, and fetches nothing from there any more"
                    onClick={() => void off.run(one.url)}
                  >
                    Turn off
                  </Button>
                ) : null}
              </div>
              {asking === one.path ? (
                <div className="atrium-Submodule-ask" role="group" aria-label={`Let in ${one.path}?`}>
                  <span>
                    Code from <strong>{one.host}</strong> comes into every branch of this project, and into
                    production. Another address is asked about again.
                  </span>
                  <span className="atrium-Submodule-actions">
                    <Button kind="primary" autoFocus onClick={() => void letIn.run(one.url)}>
                      Let in and fetch
                    </Button>
                    <Button kind="quiet" onClick={() => setAsking('')}>
                      Not now
                    </Button>
                  </span>
                </div>
              ) : null}
              {one.problem ? (
                <p className="atrium-Submodule-problem">
                  {one.problem.message} <span className="atrium-Muted">{one.problem.hint}</span>
                </p>
              ) : null}
            </li>
          ))}
        </ul>
      ) : null}
      <OperationLine operation={fetching} />
      <ErrorNote error={load.error ?? letIn.error ?? off.error ?? fetch.error} />
    </section>
  );
}

export function summary(all: number, absent: number): string {
  if (!absent) {
    return `${count(all, 'submodule')} fetched`;
  }
  return all === absent
    ? `${count(all, 'submodule')} ${all === 1 ? 'is' : 'are'} not fetched`
    : `${absent} of ${count(all, 'submodule')} ${absent === 1 ? 'is' : 'are'} not fetched`;
}

/** How it stands, in a few words. */
export function state(one: Submodule): string {
  switch (one.state) {
    case 'here':
      return one.changes ? `${count(one.changes, 'file')} changed` : one.commit.slice(0, 7);
    case 'other':
      return `is at ${(one.at ?? '').slice(0, 7)}, not ${one.commit.slice(0, 7)}`;
    case 'missing':
      return 'let in, not fetched';
    case 'refused':
      return 'cannot be fetched';
    default:
      return 'off';
  }
}
