import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ReactWidget } from '@jupyterlab/apputils';
import { INotebookCellExecutor, INotebookTracker, type NotebookPanel } from '@jupyterlab/notebook';
import { createElement } from 'react';

import { IAtrium } from '../app/tokens';
import { People } from './components/People';
import { ServerExecutor } from './executor';
import { Runs } from './model';
import { type AwarenessLike, PresenceModel } from './presence';
import { QueueModel } from './queue';
import { WaitingLines } from './waiting';

const executor: JupyterFrontEndPlugin<INotebookCellExecutor> = {
  id: 'jupyter-atrium:cell-executor',
  description: 'Runs the cells of shared notebooks on the server.',
  autoStart: true,
  requires: [IAtrium],
  provides: INotebookCellExecutor,
  activate: (app: JupyterFrontEnd, { client, events }: IAtrium) =>
    new ServerExecutor(new Runs(client, events), app.serviceManager.contents)
};

const documents: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-atrium:documents',
  description: 'Why cells wait, and who else is in a notebook.',
  autoStart: true,
  requires: [IAtrium, INotebookTracker],
  activate: (app: JupyterFrontEnd, { client, events }: IAtrium, tracker: INotebookTracker) => {
    const { contents, user } = app.serviceManager;
    tracker.widgetAdded.connect((_, panel) => {
      const path = () => contents.localPath(panel.context.path);
      const queue = new QueueModel(client, events, path());
      panel.context.pathChanged.connect(() => queue.rename(path()));
      new WaitingLines(panel, queue);
      // There is one kernel; a notebook that names none need not be asked which.
      const session = panel.sessionContext;
      session.kernelPreference = { ...session.kernelPreference, autoStartDefault: true };
      showPeople(panel, () => user.identity?.username ?? '');
    });
  }
};

function showPeople(panel: NotebookPanel, me: () => string): void {
  const shared = panel.context.model.sharedModel as unknown as { awareness: AwarenessLike };
  const model = new PresenceModel(shared.awareness, me);
  panel.toolbar.addItem('atrium-people', ReactWidget.create(createElement(People, { model })));
  panel.disposed.connect(() => model.dispose());
}

export default [executor, documents];
