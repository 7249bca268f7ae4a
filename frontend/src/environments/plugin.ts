import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { PathExt } from '@jupyterlab/coreutils';
import { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';

import { IAtrium } from '../app/tokens';
import { environmentChip } from './chip';
import { DriftLines } from './drift';
import { KernelModel } from './kernel';
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
    const reports = new Map<string, ReportModel>();
    /** `requirement`: show what declaring it comes to. */
    const openReport = (panel: NotebookPanel, notebook: string, requirement = '') => {
      const id = `atrium-environment-${notebook}`;
      let model = reports.get(id);
      if (!model) {
        const mayWrite = panel.context.contentsModel?.writable !== false;
        model = new ReportModel(client, events, notebook, mayWrite);
        reports.set(id, model);
        const name = PathExt.basename(notebook);
        const widget = reportWidget(model, id, `Environment: ${name}`);
        widget.disposed.connect(() => reports.delete(id));
        app.shell.add(widget, 'main', { ref: panel.id });
      }
      if (requirement) {
        model.wanted = requirement;
        void model.look();
      }
      app.shell.activateById(id);
    };
    const byPanel = new Map<NotebookPanel, NotebookEnvironment>();
    tracker.widgetAdded.connect((_, panel) => {
      const path = () => app.serviceManager.contents.localPath(panel.context.path);
      const environment = new NotebookEnvironment(
        panel,
        new EnvironmentModel(client, events, path()),
        new KernelModel(client, events)
      );
      byPanel.set(panel, environment);
      panel.disposed.connect(() => byPanel.delete(panel));
      panel.context.pathChanged.connect(() => void environment.model.rename(path()));
      const onAdd = (requirement: string) => openReport(panel, path(), requirement);
      const chip = environmentChip({ environment, onReport: () => openReport(panel, path()), onAdd });
      panel.toolbar.addItem('atrium-environment', chip);
      new DriftLines(environment, onAdd);
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
