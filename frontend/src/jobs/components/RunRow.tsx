import { useState } from 'react';

import type { ApiError } from '../../api/errors';
import { asApiError } from '../../api/errors';
import { Button, ErrorNote, RelativeTime, useAction } from '../../ui';
import type { JobsModel, Run } from '../model';
import { isActive, STATES, tookOf } from '../words';

export interface RunRowProps {
  run: Run;
  model: JobsModel;
  now: number;
}

/** One run: how it ended or how far it is, of which commit, and its log. */
export function RunRow({ run, model, now }: RunRowProps): JSX.Element {
  const [log, setLog] = useState<{ text: string; error: ApiError | null } | null>(null);
  const cancel = useAction(() => model.cancel(run.id));
  const active = isActive(run.state);
  const toggle = () => {
    if (log) {
      setLog(null);
      return;
    }
    setLog({ text: '', error: null });
    model.log(run.id).then(
      found => setLog({ text: found.text, error: null }),
      (error: unknown) => setLog({ text: '', error: asApiError(error) })
    );
  };
  return (
    <div className="atrium-Jobs-row">
      <div className="atrium-Jobs-title">
        <span className={`atrium-Jobs-dot atrium-mod-${run.state}`} title={STATES[run.state]} />
        <span className="atrium-List-label" title={`${run.project_name} / ${run.notebook}`}>
          {run.name}
        </span>
        <RelativeTime time={run.started ?? run.queued} />
      </div>
      <div className="atrium-Jobs-facts atrium-Muted">
        <span>{STATES[run.state]}</span>
        <span>{tookOf(run, now)}</span>
        <span className="atrium-Commit" title={run.commit}>
          {run.commit.slice(0, 7)}
        </span>
      </div>
      {active && run.message ? (
        <div className="atrium-Muted" role="status">
          {run.message}
        </div>
      ) : null}
      {run.error ? (
        <div className="atrium-Jobs-problem" title={run.error.hint}>
          {run.error.message}
        </div>
      ) : null}
      <ErrorNote error={cancel.error} />
      <div className="atrium-Jobs-actions" onClick={event => event.stopPropagation()}>
        <Button aria-expanded={log !== null} onClick={toggle}>
          {log ? 'Hide log' : 'Log'}
        </Button>
        {active ? (
          <Button busy={cancel.busy || run.message === 'stopping'} onClick={() => void cancel.run()}>
            Cancel
          </Button>
        ) : null}
      </div>
      {log ? (
        <div className="atrium-Jobs-log" onClick={event => event.stopPropagation()}>
          <ErrorNote error={log.error} />
          <pre tabIndex={0} aria-label={`Log of ${run.name}`}>
            {log.text || 'Nothing has been written yet.'}
          </pre>
        </div>
      ) : null}
    </div>
  );
}
