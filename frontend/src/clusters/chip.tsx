import { ReactWidget } from '@jupyterlab/apputils';
import type { Widget } from '@lumino/widgets';

import { Chip, clusterIcon, useModel } from '../ui';
import { ClusterMenu } from './components/ClusterMenu';
import type { ClustersModel } from './model';
import { words } from './words';

interface ClusterChipProps {
  model: ClustersModel;
  /** Show a cluster's own pages. */
  onWatch: (id: string) => void;
}

function ClusterChip({ model, onWatch }: ClusterChipProps): JSX.Element {
  useModel(model);
  return (
    <Chip
      icon={clusterIcon}
      {...words(model.attached)}
      menu={close => <ClusterMenu model={model} onClose={close} onWatch={onWatch} />}
    />
  );
}

/** The chip for a notebook's toolbar. */
export function clusterChip(model: ClustersModel, onWatch: (id: string) => void): Widget {
  const widget = ReactWidget.create(<ClusterChip model={model} onWatch={onWatch} />);
  widget.addClass('atrium-ToolbarChip');
  return widget;
}
