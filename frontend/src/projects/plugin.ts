import {
  ILabShell,
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { type MainAreaWidget, Notification } from '@jupyterlab/apputils';
import { IDocumentManager } from '@jupyterlab/docmanager';
import { IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import { INotebookTracker } from '@jupyterlab/notebook';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { createElement } from 'react';

import { IAtrium } from '../app/tokens';
import { notifyError, panelWidget, projectIcon } from '../ui';
import { branchChip } from './chip';
import { addRowCommands } from './commands';
import { GitModel } from './git';
import { gitWidget } from './git-view';
import { history, OPEN_HISTORY } from './history-plugin';
import { type Alarm, type OpenedBranch, ProjectsModel } from './model';
import { Navigator } from './navigate';
import { ProjectsPanel } from './panel';
import { ProductionModel } from './production';
import { productionWidget } from './production-view';
import { PullRequestModel } from './requests';
import type { Staging } from './staging';
import { IProjects } from './tokens';

const projects: JupyterFrontEndPlugin<IProjects> = {
  id: 'jupyter-atrium:projects',
  description: 'Cloned repositories: their branches, commits, reviews, and what is in production.',
  autoStart: true,
  requires: [IAtrium, IDocumentManager, INotebookTracker, IRenderMimeRegistry],
  optional: [IDefaultFileBrowser, ILayoutRestorer, ILabShell],
  provides: IProjects,
  activate: (
    app: JupyterFrontEnd,
    { client, events, operations }: IAtrium,
    documents: IDocumentManager,
    tracker: INotebookTracker,
    rendermime: IRenderMimeRegistry,
    browser: IDefaultFileBrowser | null,
    restorer: ILayoutRestorer | null,
    shell: ILabShell | null
  ): IProjects => {
    const model = new ProjectsModel(client, events, operations);
    const navigator = new Navigator(app, documents, tracker, browser);
    const views = new Map<string, MainAreaWidget>();

    const openGit = (id: string, branch: string, ticked?: Staging) => {
      const key = `atrium-git-${id}-${branch}`;
      let view = views.get(key);
      if (!view || view.isDisposed) {
        const save = () =>
          navigator.save(model.project(id)?.branches.find(one => one.name === branch) ?? null);
        const git = new GitModel(client, events, operations, id, branch, save);
        if (ticked) {
          git.committing.staging.take(ticked);
        }
        const onCarried = (opened: OpenedBranch) => void carried(opened, git).catch(notifyError);
        const onHistory = () => void app.commands.execute(OPEN_HISTORY, { project: id, branch });
        const request = new PullRequestModel(client, events, id, branch);
        const props = { model: git, projects: model, request, onHistory, onCarried, rendermime };
        view = gitWidget(props, key, `Git: ${branch}`);
        views.set(key, view);
        app.shell.add(view, 'main');
      }
      app.shell.activateById(view.id);
    };

    /** Changes were carried to a new branch: go there, with the notebooks that are open and with what is ticked. */
    const carried = async (opened: OpenedBranch, from: GitModel) => {
      const project = model.project(from.project);
      const folder = project?.branches.find(one => one.name === from.branch)?.folder;
      if (project && folder) {
        await navigator.follow(folder, opened, project);
      }
      openGit(opened.project, opened.branch, from.committing.staging);
      views.get(`atrium-git-${from.project}-${from.branch}`)?.dispose();
    };

    const openProduction = (id: string) => {
      const key = `atrium-production-${id}`;
      let view = views.get(key);
      if (!view || view.isDisposed) {
        const production = new ProductionModel(client, events, id);
        view = productionWidget({ model: production, projects: model }, key, model.project(id)?.name ?? '');
        views.set(key, view);
        app.shell.add(view, 'main');
      }
      app.shell.activateById(view.id);
    };

    const panel = panelWidget(
      createElement(ProjectsPanel, {
        model,
        onCloned: opened => navigator.openClone(opened),
        onOpen: async (project, branch) => {
          const opened = await model.switchTo(project.id, branch.name, '');
          navigator.open(opened);
          return opened;
        },
        onCreate: opened => navigator.create(opened),
        onGit: openGit,
        onProduction: openProduction,
        onFolder: folder => void navigator.showFolder(folder),
        folder: () => navigator.folder
      }),
      { id: 'atrium-projects', caption: 'Projects', icon: projectIcon }
    );
    app.shell.add(panel, 'left', { rank: 50 });
    restorer?.add(panel, 'atrium-projects');
    // Who comes for the first time begins with a project; later everybody finds the layout they left.
    // (After app.restored, so that this comes after the file browser, which shows itself then, too.)
    void Promise.all([shell?.restored, app.restored]).then(([layout]) => {
      if (layout?.fresh) {
        app.shell.activateById(panel.id);
      }
    });

    tracker.widgetAdded.connect((_, notebook) => {
      const path = () => app.serviceManager.contents.localPath(notebook.context.path);
      const chip = branchChip({ model, navigator, panel: notebook, path, openGit });
      notebook.toolbar.addItem('atrium-branch', chip);
      notebook.context.pathChanged.connect(() => chip.update());
      notebook.context.fileChanged.connect(() => model.noteWritten());
    });

    model.published.connect((_, project) => {
      const commit = project.production?.sha.slice(0, 7) ?? '';
      const pin = project.production?.pin;
      Notification.success(
        pin
          ? `${pin.by} pinned production of ${project.name} to ${commit}: ${pin.why}`
          : `${project.followed_branch} → ${commit}, production of ${project.name} updated`,
        { autoClose: 6_000 }
      );
    });

    model.alarmed.connect((_, alarm) => {
      Notification.warning(alarmWords(alarm), {
        autoClose: false,
        actions: [{ label: 'Open', callback: () => openProduction(alarm.project.id) }]
      });
    });

    addRowCommands(app, model, openGit, openProduction);
    // A view of what is not there any more has nothing to say.
    model.lives.left.connect((_, { project, branch }) => {
      for (const [key, view] of views) {
        const all =
          !branch && (key.startsWith(`atrium-git-${project}-`) || key === `atrium-production-${project}`);
        if (all || key === `atrium-git-${project}-${branch}`) {
          view.dispose();
        }
      }
    });

    void model.load();
    return {
      model,
      place: path => model.place(path),
      openGit,
      show: whoIsWhere => (model.whoIsWhere = whoIsWhere),
      talkIn: talk => (model.talk = talk)
    };
  }
};

/** What happened to a followed branch, and what that means for production. */
function alarmWords({ kind, project }: Alarm): string {
  const { followed_branch: branch, name, production } = project;
  const at = production?.sha.slice(0, 7) ?? 'nothing';
  const now = production?.pin ? `stays pinned to ${at}` : `is ${at} now`;
  return kind === 'rewritten'
    ? `${branch} of ${name} was rewritten (git push --force): commits that were in production are gone from it. Production ${now}.`
    : `${branch} of ${name} is not on the remote any more. Production stays at ${at}.`;
}

export default [projects, history];
