import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { PathExt } from '@jupyterlab/coreutils';
import { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { find } from '@lumino/algorithm';

import { IAtrium } from '../app/tokens';
import { environmentChip } from './chip';
import { EnvironmentModel } from './model';
import { NotebookEnvironment } from './notebook';
import { ReportModel } from './report';
import { reportWidget } from './report-view';
import { IEnvironments } from './tokens';

/** Documents that are edited together are saved within this time. */
const SAVED_MS = 2_000;

const environments: JupyterFrontEndPlugin<IEnvironments> = {
  id: 'jupyter-atrium:environments',
  description: "A notebook's environment: prebuilt when it is opened, its packages, its errors.",
  autoStart: true,
  requires: [IAtrium, INotebookTracker],
  provides: IEnvironments,
  activate: (app: JupyterFrontEnd, { client, events }: IAtrium, tracker: INotebookTracker) => {
    const openReport = (panel: NotebookPanel, notebook: string) => {
      const id = `atrium-environment-${notebook}`;
      const open = find(app.shell.widgets('main'), widget => widget.id === id);
      if (!open) {
        const mayWrite = panel.context.contentsModel?.writable !== false;
        const model = new ReportModel(client, events, notebook, mayWrite);
        const name = PathExt.basename(notebook);
        app.shell.add(reportWidget(model, id, `Environment: ${name}`), 'main', { ref: panel.id });
      }
      app.shell.activateById(id);
    };
    const byPanel = new Map<NotebookPanel, NotebookEnvironment>();
    tracker.widgetAdded.connect((_, panel) => {
      const path = () => app.serviceManager.contents.localPath(panel.context.path);
      const environment = new NotebookEnvironment(panel, new EnvironmentModel(client, events, path()));
      byPanel.set(panel, environment);
      panel.disposed.connect(() => byPanel.delete(panel));
      panel.context.pathChanged.connect(() => void environment.model.rename(path()));
      panel.toolbar.addItem(
        'atrium-environment',
        environmentChip({ environment, onReport: () => openReport(panel, path()) })
      );
      void panel.context.ready.then(() => {
        environment.model.mayBuild = panel.context.contentsModel?.writable !== false;
        return environment.model.build();
      });
    });
    // What declares it may have been edited in another tab, and reaches the disk a moment after the typing.
    app.shell.currentChanged?.connect((_, { newValue }) => {
      const model = newValue instanceof NotebookPanel ? byPanel.get(newValue)?.model : undefined;
      if (model) {
        void model.revisit();
        setTimeout(() => void model.revisit(), SAVED_MS);
      }
    });
    return { of: panel => byPanel.get(panel) ?? null };
  }
};

export default [environments];
