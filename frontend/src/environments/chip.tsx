import { ReactWidget } from '@jupyterlab/apputils';
import type { Widget } from '@lumino/widgets';

import { checkIcon, Chip, packageIcon, useModel, warningIcon } from '../ui';
import { EnvironmentMenu } from './components/EnvironmentMenu';
import type { NotebookEnvironment } from './notebook';
import { words } from './words';

function EnvironmentChip({ environment }: { environment: NotebookEnvironment }): JSX.Element {
  useModel(environment);
  const { status, error } = environment.model;
  const { label, title, state } = words(status, error !== null, environment.outdated);
  const icon = state === 'error' ? warningIcon : status?.state === 'ready' ? checkIcon : packageIcon;
  return (
    <Chip
      icon={icon}
      label={label}
      title={title}
      state={state}
      menu={close => <EnvironmentMenu environment={environment} onClose={close} />}
    />
  );
}

/** The chip for a notebook's toolbar. */
export function environmentChip(environment: NotebookEnvironment): Widget {
  const widget = ReactWidget.create(<EnvironmentChip environment={environment} />);
  widget.addClass('atrium-ToolbarChip');
  return widget;
}
