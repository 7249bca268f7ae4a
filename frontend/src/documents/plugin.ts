import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { INotebookCellExecutor, INotebookTracker } from '@jupyterlab/notebook';

import { IAtrium } from '../app/tokens';
import coediting from './coediting';
import { ServerExecutor } from './executor';
import { history } from './history-view';
import { Runs } from './model';
import { QueueModel } from './queue';
import { CellRunners } from './runners';
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
  description: 'Who has which cells run, why they wait and what they ask.',
  autoStart: true,
  requires: [IAtrium, INotebookTracker],
  activate: (app: JupyterFrontEnd, { client, events }: IAtrium, tracker: INotebookTracker) => {
    const { contents, user } = app.serviceManager;
    const me = () => user.identity?.username ?? '';
    tracker.widgetAdded.connect((_, panel) => {
      const path = () => contents.localPath(panel.context.path);
      const queue = new QueueModel(client, events, path());
      panel.context.pathChanged.connect(() => queue.rename(path()));
      new WaitingLines(panel, queue, me);
      new CellRunners(panel, queue, me);
      // There is one kernel; a notebook that names none need not be asked which.
      const session = panel.sessionContext;
      session.kernelPreference = { ...session.kernelPreference, autoStartDefault: true };
    });
  }
};

export default [executor, documents, history, ...coediting];
