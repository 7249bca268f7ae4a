import { ReactWidget } from '@jupyterlab/apputils';
import type { Widget } from '@lumino/widgets';

import { calendarIcon, Chip, useModel } from '../ui';
import { ScheduleMenu } from './components/ScheduleMenu';
import type { JobsModel } from './model';

export interface JobsChipProps {
  model: JobsModel;
  /** The notebook's path now. */
  path: () => string;
  openRun: (id: string) => void;
}

function JobsChip({ model, path, openRun }: JobsChipProps): JSX.Element {
  useModel(model);
  return (
    <Chip
      icon={calendarIcon}
      label=""
      title="Schedule this notebook"
      menu={close => <ScheduleMenu model={model} path={path()} openRun={openRun} onClose={close} />}
    />
  );
}

/** The calendar in a notebook's toolbar. */
export function jobsChip(props: JobsChipProps): Widget {
  const widget = ReactWidget.create(<JobsChip {...props} />);
  widget.addClass('atrium-ToolbarChip');
  return widget;
}
