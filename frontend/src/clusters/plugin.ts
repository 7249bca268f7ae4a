import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { INotebookTracker } from '@jupyterlab/notebook';

import { IAtrium } from '../app/tokens';
import { IEnvironments } from '../environments/tokens';
import { clusterChip } from './chip';
import { ClustersModel } from './model';

const clusters: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-atrium:clusters',
  description: "The cluster that a notebook is attached to, in the notebook's toolbar.",
  autoStart: true,
  requires: [IAtrium, IEnvironments, INotebookTracker],
  activate: (
    app: JupyterFrontEnd,
    { client, events }: IAtrium,
    environments: IEnvironments,
    tracker: INotebookTracker
  ) => {
    tracker.widgetAdded.connect((_, panel) => {
      const path = () => app.serviceManager.contents.localPath(panel.context.path);
      const model = new ClustersModel(client, events, path(), () => environments.of(panel)?.settle());
      panel.context.pathChanged.connect(() => model.rename(path()));
      panel.disposed.connect(() => model.dispose());
      // Left of the environment, which it changes.
      const item = clusterChip(model);
      panel.toolbar.insertBefore('atrium-environment', 'atrium-cluster', item);
    });
  }
};

export default [clusters];
