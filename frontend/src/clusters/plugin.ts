import { ILayoutRestorer, type JupyterFrontEnd, type JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, Notification } from '@jupyterlab/apputils';
import { INotebookTracker } from '@jupyterlab/notebook';
import { createElement } from 'react';

import type { Client } from '../api/client';
import { IAtrium } from '../app/tokens';
import { IEnvironments } from '../environments/tokens';
import { clusterIcon, panelWidget } from '../ui';
import { clusterChip } from './chip';
import { ownIdleCluster } from './idle';
import { ClustersModel } from './model';
import { ComputePanel } from './panel';
import { WATCH, watching } from './watch-view';

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
      const item = clusterChip(model, id => void app.commands.execute(WATCH, { id }));
      panel.toolbar.insertBefore('atrium-environment', 'atrium-cluster', item);
    });
  }
};

const PANEL = 'atrium-compute';
const SHOW = 'atrium:show-compute';

const compute: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-atrium:compute',
  description: 'Every cluster of the workspace, in a panel at the left.',
  autoStart: true,
  requires: [IAtrium, IEnvironments, INotebookTracker],
  optional: [ILayoutRestorer, ICommandPalette],
  activate: (
    app: JupyterFrontEnd,
    { client, events }: IAtrium,
    environments: IEnvironments,
    tracker: INotebookTracker,
    restorer: ILayoutRestorer | null,
    palette: ICommandPalette | null
  ) => {
    const front = () => tracker.currentWidget;
    const path = () => app.serviceManager.contents.localPath(front()?.context.path ?? '');
    const model = new ClustersModel(client, events, path(), () => {
      const notebook = front();
      return notebook && environments.of(notebook)?.settle();
    });
    const follow = () => model.rename(path());
    tracker.currentChanged.connect(follow);
    tracker.widgetAdded.connect((_, notebook) => notebook.context.pathChanged.connect(follow));
    events.on('clusters', event => {
      if (event?.action === 'idle') {
        void tell(client, event.id);
      }
    });

    const onWatch = (id: string) => void app.commands.execute(WATCH, { id });
    const panel = panelWidget(createElement(ComputePanel, { model, onWatch }), {
      id: PANEL,
      caption: 'Compute',
      icon: clusterIcon
    });
    app.shell.add(panel, 'left', { rank: 305 });
    restorer?.add(panel, PANEL);
    app.commands.addCommand(SHOW, {
      label: 'Show Compute',
      caption: 'Clusters, and who uses them',
      icon: clusterIcon,
      execute: () => app.shell.activateById(PANEL)
    });
    palette?.addItem({ command: SHOW, category: 'Atrium' });
  }
};

/** Say that a cluster has stopped for want of work, to the person who made it. */
async function tell(client: Client, id: string): Promise<void> {
  try {
    const cluster = await ownIdleCluster(client, id);
    if (cluster) {
      Notification.info(`Cluster ${cluster.name}: ${cluster.message}`, { autoClose: false });
    }
  } catch {
    // It has been deleted meanwhile, or the server is away: the panel says how things are.
  }
}

export default [clusters, compute, watching];
