import { ILayoutRestorer, type JupyterFrontEnd, type JupyterFrontEndPlugin } from '@jupyterlab/application';
import { INotebookTracker } from '@jupyterlab/notebook';
import { createElement } from 'react';

import { IAtrium } from '../app/tokens';
import { panelWidget, tableIcon } from '../ui';
import { TablesModel } from './model';
import { NotebookInsert } from './notebook';
import { TablesPanel } from './panel';

const tables: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-atrium:tables',
  description: 'The tables of the workspace: search, preview, history, and snippets that read them.',
  autoStart: true,
  requires: [IAtrium, INotebookTracker],
  optional: [ILayoutRestorer],
  activate: (
    app: JupyterFrontEnd,
    atrium: IAtrium,
    tracker: INotebookTracker,
    restorer: ILayoutRestorer | null
  ) => {
    const model = new TablesModel(atrium.client, atrium.events);
    const notebook = new NotebookInsert(tracker);
    const follow = () => {
      const path = tracker.currentWidget?.context.path ?? '';
      void model.show(app.serviceManager.contents.localPath(path));
    };
    tracker.currentChanged.connect(follow);
    void app.restored.then(follow);

    const panel = panelWidget(createElement(TablesPanel, { model, notebook }), {
      id: 'atrium-tables',
      caption: 'Tables',
      icon: tableIcon
    });
    app.shell.add(panel, 'left', { rank: 300 });
    restorer?.add(panel, 'atrium-tables');
  }
};

export default [tables];
