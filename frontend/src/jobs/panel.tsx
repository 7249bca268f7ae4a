import { Button, List, Panel, refreshIcon, useModel, useNow } from '../ui';
import { RunRow } from './components/RunRow';
import { ScheduleRow } from './components/ScheduleRow';
import type { JobsModel, Run, Schedule } from './model';
import { isActive } from './words';

export interface JobsPanelProps {
  model: JobsModel;
  openRun: (id: string) => void;
}

/** Schedules, a bar per run, and the history. */
export function JobsPanel({ model, openRun }: JobsPanelProps): JSX.Element {
  useModel(model);
  const going = model.runs?.some(run => isActive(run.state)) ?? false;
  const now = useNow(going ? 1_000 : 30_000);
  const last = (schedule: Schedule) => schedule.recent[schedule.recent.length - 1];
  return (
    <Panel
      title="Jobs"
      actions={
        <Button kind="quiet" icon={refreshIcon} aria-label="Refresh jobs" onClick={() => model.refresh()} />
      }
    >
      <List<Schedule>
        label="Schedules"
        className="atrium-Jobs"
        items={model.schedules}
        itemKey={one => one.id}
        searchText={one => `${one.name} ${one.notebook} ${one.project_name}`}
        onActivate={one => {
          const bar = last(one);
          if (bar) {
            openRun(bar.id);
          }
        }}
        error={model.error}
        onRetry={() => model.refresh()}
        empty={{
          message:
            'No notebook is scheduled yet. Open one of a project and click the calendar in its toolbar.'
        }}
      >
        {one => <ScheduleRow schedule={one} model={model} now={now} openRun={openRun} />}
      </List>
      {model.runs?.length ? (
        <>
          <h3 className="atrium-Jobs-heading">History</h3>
          <List<Run>
            label="Runs"
            className="atrium-Jobs"
            items={model.runs}
            itemKey={one => one.id}
            searchText={one => `${one.name} ${one.state} ${one.commit} ${one.project_name}`}
            onActivate={one => openRun(one.id)}
          >
            {one => <RunRow run={one} model={model} now={now} />}
          </List>
        </>
      ) : null}
    </Panel>
  );
}
