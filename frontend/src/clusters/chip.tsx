import { ReactWidget } from '@jupyterlab/apputils';
import type { Widget } from '@lumino/widgets';

import { Chip, clusterIcon, useModel } from '../ui';
import { ClusterMenu } from './components/ClusterMenu';
import type { ClustersModel } from './model';
import { words } from './words';

function ClusterChip({ model }: { model: ClustersModel }): JSX.Element {
  useModel(model);
  return (
    <Chip
      icon={clusterIcon}
      {...words(model.attached)}
      menu={close => <ClusterMenu model={model} onClose={close} />}
    />
  );
}

/** The chip for a notebook's toolbar. */
export function clusterChip(model: ClustersModel): Widget {
  const widget = ReactWidget.create(<ClusterChip model={model} />);
  widget.addClass('atrium-ToolbarChip');
  return widget;
}
