import { useEffect, useState } from 'react';

import { Button, ErrorNote, plusIcon, useModel, useNow } from '../../ui';
import type { JobsModel, Place } from '../model';
import { nextOf } from '../words';
import { RunBars } from './RunBars';
import { ScheduleForm } from './ScheduleForm';

export interface ScheduleMenuProps {
  model: JobsModel;
  path: string;
  openRun: (id: string) => void;
  onClose: () => void;
}

type Located = { place: Place | null; error: unknown } | null;

/** The schedules of a notebook, and a new one. */
export function ScheduleMenu({ model, path, openRun, onClose }: ScheduleMenuProps): JSX.Element {
  useModel(model);
  const now = useNow(30_000);
  const [located, setLocated] = useState<Located>(null);
  const [adding, setAdding] = useState(false);
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    let current = true;
    model.locate(path).then(
      place => current && setLocated({ place, error: null }),
      error => current && setLocated({ place: null, error })
    );
    return () => {
      current = false;
    };
  }, [model, path, turn]);

  if (!located || (!model.schedules && !model.error)) {
    return <p className="atrium-Empty">Looking at its project…</p>;
  }
  const error = located.error ?? model.error;
  if (error) {
    const retry = () => {
      setTurn(turn + 1);
      model.refresh();
    };
    return <ErrorNote error={error} onRetry={retry} />;
  }
  const { place } = located;
  if (!place) {
    return (
      <div className="atrium-Empty">
        <p>Only notebooks of a project can be scheduled: what runs is what is on its main branch.</p>
        <p>Move this notebook into a project, commit it and merge it.</p>
      </div>
    );
  }
  const schedules = model.of(place);
  return (
    <div className="atrium-Jobs-menu">
      {schedules.map(schedule => (
        <div key={schedule.id} className="atrium-Jobs-row">
          <div className="atrium-Jobs-title">
            <span className="atrium-List-label" title={schedule.name}>
              {schedule.name}
            </span>
            <span className="atrium-Muted">{nextOf(schedule, now)}</span>
          </div>
          <div className="atrium-Muted">
            {schedule.words}, {schedule.time_zone}
          </div>
          <RunBars bars={schedule.recent} onOpen={openRun} />
        </div>
      ))}
      {schedules.length === 0 || adding ? (
        <ScheduleForm model={model} path={path} place={place} onDone={onClose} />
      ) : (
        <div className="atrium-Form-actions atrium-Jobs-more">
          <Button icon={plusIcon} onClick={() => setAdding(true)}>
            Another schedule
          </Button>
        </div>
      )}
    </div>
  );
}
