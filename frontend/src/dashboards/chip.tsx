import { ReactWidget } from '@jupyterlab/apputils';
import type { Widget } from '@lumino/widgets';
import { useEffect } from 'react';

import { Chip, dashboardIcon, notifyError, useAction } from '../ui';

function PresentChip(props: { onPresent: () => Promise<void> }): JSX.Element {
  const present = useAction(props.onPresent);
  const { error } = present;
  useEffect(() => {
    if (error) {
      notifyError(error);
    }
  }, [error]);
  return (
    <Chip
      icon={dashboardIcon}
      label="Present"
      title="Present what this notebook shows as a dashboard"
      state={present.busy ? 'busy' : 'quiet'}
      onClick={() => void present.run()}
    />
  );
}

/** The chip for a notebook's toolbar. */
export function presentChip(onPresent: () => Promise<void>): Widget {
  const widget = ReactWidget.create(<PresentChip onPresent={onPresent} />);
  widget.addClass('atrium-ToolbarChip');
  return widget;
}
