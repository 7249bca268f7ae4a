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
}

function EnvironmentChip({ environment, onReport }: ChipProps): JSX.Element {
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
      menu={close => <EnvironmentMenu environment={environment} onClose={close} onReport={onReport} />}
    />
  );
}

/** The chip for a notebook's toolbar. */
export function environmentChip(props: ChipProps): Widget {
  const widget = ReactWidget.create(<EnvironmentChip {...props} />);
  widget.addClass('atrium-ToolbarChip');
  return widget;
}
