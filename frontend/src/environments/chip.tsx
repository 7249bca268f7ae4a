import { ReactWidget } from '@jupyterlab/apputils';
import type { Widget } from '@lumino/widgets';

import { checkIcon, Chip, packageIcon, useModel, warningIcon } from '../ui';
import { EnvironmentMenu } from './components/EnvironmentMenu';
import type { NotebookEnvironment } from './notebook';
import { words } from './words';

interface ChipProps {
  environment: NotebookEnvironment;
  /** Opens all about it. */
  onReport: () => void;
  /** Shows what declaring a package comes to. */
  onAdd: (requirement: string) => void;
}

function EnvironmentChip({ environment, onReport, onAdd }: ChipProps): JSX.Element {
  useModel(environment);
  const { status, error } = environment.model;
  const { label, title, state } = words(status, error !== null, environment);
  const icon =
    state === 'error' || environment.drift.length
      ? warningIcon
      : status?.state === 'ready'
        ? checkIcon
        : packageIcon;
  return (
    <Chip
      icon={icon}
      label={label}
      title={title}
      state={state}
      menu={close => (
        <EnvironmentMenu environment={environment} onClose={close} onReport={onReport} onAdd={onAdd} />
      )}
    />
  );
}

/** The chip for a notebook's toolbar. */
export function environmentChip(props: ChipProps): Widget {
  const widget = ReactWidget.create(<EnvironmentChip {...props} />);
  widget.addClass('atrium-ToolbarChip');
  widget.addClass('atrium-EnvironmentChip');
  return widget;
}
