import { ILayoutRestorer, type JupyterFrontEnd, type JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, IThemeManager, Notification } from '@jupyterlab/apputils';
import { INotebookTracker } from '@jupyterlab/notebook';
import { createElement } from 'react';

import { IAtrium } from '../app/tokens';
import { calendarIcon, panelWidget } from '../ui';
import { jobsChip } from './chip';
import { JobsModel, type Run } from './model';
import { RunPages } from './page';
import { JobsPanel } from './panel';
import { IJobs } from './tokens';

const PANEL = 'atrium-jobs';
const SHOW = 'atrium:show-jobs';

const jobs: JupyterFrontEndPlugin<IJobs> = {
  id: 'jupyter-atrium:jobs',
  description: 'Notebooks that run regularly, and what their runs have left.',
  autoStart: true,
  provides: IJobs,
  requires: [IAtrium, INotebookTracker],
  optional: [ILayoutRestorer, ICommandPalette, IThemeManager],
  activate: (
    app: JupyterFrontEnd,
    { client, events }: IAtrium,
    tracker: INotebookTracker,
    restorer: ILayoutRestorer | null,
    palette: ICommandPalette | null,
    themes: IThemeManager | null
  ): IJobs => {
    const model = new JobsModel(client, events);
    const isDark = () => Boolean(themes?.theme && !themes.isLight(themes.theme));
    const pages = new RunPages(app, model, isDark);
    const openRun = (id: string) => pages.show(id);

    tracker.widgetAdded.connect((_, panel) => {
      const path = () => app.serviceManager.contents.localPath(panel.context.path);
      const chip = jobsChip({ model, path, openRun });
      if (!panel.toolbar.insertBefore('atrium-comments', 'atrium-jobs', chip)) {
        panel.toolbar.addItem('atrium-jobs', chip);
      }
    });
    model.ended.connect((_, run) => tell(run, openRun));

    const panel = panelWidget(createElement(JobsPanel, { model, openRun }), {
      id: PANEL,
      caption: 'Jobs',
      icon: calendarIcon
    });
    app.shell.add(panel, 'left', { rank: 310 });
    restorer?.add(panel, PANEL);
    app.commands.addCommand(SHOW, {
      label: 'Show Jobs',
      caption: 'Schedules and their runs',
      icon: calendarIcon,
      execute: () => app.shell.activateById(PANEL)
    });
    palette?.addItem({ command: SHOW, category: 'Atrium' });
    return { openRun };
  }
};

/** Say how a run ended, to the person who asked to be told. */
function tell(run: Run, openRun: (id: string) => void): void {
  const actions = [{ label: 'Open', callback: () => openRun(run.id) }];
  if (run.state === 'succeeded') {
    Notification.success(`${run.name} has run.`, { actions, autoClose: 8_000 });
  } else {
    Notification.error(`${run.name}: ${run.error?.message ?? run.state}`, { actions, autoClose: false });
  }
}

export default [jobs];
