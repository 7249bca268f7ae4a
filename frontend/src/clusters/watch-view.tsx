import { ILayoutRestorer, type JupyterFrontEnd, type JupyterFrontEndPlugin } from '@jupyterlab/application';
import { MainAreaWidget, ReactWidget, WidgetTracker } from '@jupyterlab/apputils';
import { createElement } from 'react';

import { IAtrium } from '../app/tokens';
import { clusterIcon } from '../ui';
import { WatchView } from './components/WatchView';
import { WatchModel } from './watching';
import { KINDS } from './words';

/** The command that shows a cluster's own pages; its argument is the cluster's `id`. */
export const WATCH = 'atrium:watch-cluster';
const PREFIX = 'atrium-watch-';

export const watching: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-atrium:watch-cluster',
  description: 'The pages on which Dask and Spark show what a cluster does, one tab a cluster.',
  autoStart: true,
  requires: [IAtrium],
  optional: [ILayoutRestorer],
  activate: (app: JupyterFrontEnd, { client, events }: IAtrium, restorer: ILayoutRestorer | null) => {
    const tracker = new WidgetTracker<MainAreaWidget>({ namespace: 'atrium-watch' });
    app.commands.addCommand(WATCH, {
      label: 'Watch Cluster',
      caption: 'What the cluster does now, on its own pages',
      execute: args => {
        const id = args['id'] as string;
        let tab = tracker.find(one => one.id === PREFIX + id);
        if (!tab) {
          tab = watchWidget(new WatchModel(client, events, id));
          void tracker.add(tab);
          app.shell.add(tab, 'main');
        }
        app.shell.activateById(tab.id);
      }
    });
    void restorer?.restore(tracker, {
      command: WATCH,
      args: tab => ({ id: tab.id.slice(PREFIX.length) }),
      name: tab => tab.id
    });
  }
};

function watchWidget(model: WatchModel): MainAreaWidget {
  const content = ReactWidget.create(createElement(WatchView, { model }));
  content.addClass('atrium-WatchWidget');
  const tab = new MainAreaWidget({ content });
  tab.toolbar.hide();
  tab.id = PREFIX + model.id;
  tab.title.icon = clusterIcon;
  tab.title.closable = true;
  const entitle = () => {
    const { cluster } = model;
    tab.title.label = cluster?.name ?? 'Cluster';
    tab.title.caption = cluster ? `${KINDS[cluster.kind]} cluster ${cluster.name}` : '';
  };
  entitle();
  model.changed.connect(entitle);
  tab.disposed.connect(() => model.dispose());
  return tab;
}
