import { useState } from 'react';

import { Button, ErrorNote, playIcon, useAction } from '../../ui';
import type { JobsModel, Schedule } from '../model';
import { isActive, lostWith, nextOf } from '../words';
import { RunBars } from './RunBars';

export interface ScheduleRowProps {
  schedule: Schedule;
  model: JobsModel;
  now: number;
  openRun: (id: string) => void;
}

/** One schedule: when, how it went, when next, and what can be done with it. */
export function ScheduleRow({ schedule, model, now, openRun }: ScheduleRowProps): JSX.Element {
  const [deleting, setDeleting] = useState(false);
  const run = useAction(() => model.runNow(schedule.id));
  const enable = useAction(() => model.enable(schedule.id, !schedule.enabled));
  const remove = useAction(() => model.delete(schedule.id));
  const going = schedule.recent.some(bar => isActive(bar.state));
  const skipped = schedule.skipped.length;
  return (
    <div className="atrium-Jobs-row">
      <div className="atrium-Jobs-title">
        <span className="atrium-List-label" title={`${schedule.project_name} / ${schedule.notebook}`}>
          {schedule.name}
        </span>
        <span className="atrium-Muted" role="status">
          {nextOf(schedule, now)}
        </span>
      </div>
      <div className="atrium-Muted" title={`${schedule.cron} in ${schedule.time_zone}`}>
        {schedule.words}, {schedule.time_zone}
      </div>
      {skipped ? (
        <div className="atrium-Muted">
          Skipped {skipped === 1 ? 'once' : `${skipped} times`}: the run before still went on.
        </div>
      ) : null}
      <RunBars bars={schedule.recent} onOpen={openRun} />
      <ErrorNote error={run.error ?? enable.error ?? remove.error} />
      <div className="atrium-Jobs-actions" onClick={event => event.stopPropagation()}>
        {deleting ? (
          <div className="atrium-Jobs-confirm" role="alertdialog" aria-label="Delete schedule">
            <p>{lostWith(schedule)}</p>
            <div className="atrium-Jobs-actions">
              <Button kind="danger" busy={remove.busy} onClick={() => void remove.run()}>
                Delete schedule
              </Button>
              <Button autoFocus onClick={() => setDeleting(false)}>
                Keep
              </Button>
            </div>
          </div>
        ) : (
          <>
            <Button icon={playIcon} busy={run.busy} disabled={going} onClick={() => void run.run()}>
              Run now
            </Button>
            <Button busy={enable.busy} onClick={() => void enable.run()}>
              {schedule.enabled ? 'Pause' : 'Resume'}
            </Button>
            <Button onClick={() => setDeleting(true)}>Delete</Button>
          </>
        )}
      </div>
    </div>
  );
}
