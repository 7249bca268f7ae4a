import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, type MainAreaWidget } from '@jupyterlab/apputils';
import { IMainMenu } from '@jupyterlab/mainmenu';
import { INotebookTracker, type NotebookPanel } from '@jupyterlab/notebook';

import { IAtrium } from '../app/tokens';
import { historyIcon } from '../ui';
import { NotebookBlame } from './blame';
import { clicked } from './clicked';
import type { Wanted } from './commit-pages';
import { CommitsModel } from './commits';
import { commitsWidget } from './commits-view';
import { IProjects } from './tokens';

export const OPEN_HISTORY = 'atrium-projects:history';
const OPEN_FILE_HISTORY = 'atrium-projects:file-history';
const BLAME = 'atrium-projects:blame';

/** Arguments of the command {@link OPEN_HISTORY}; without them it is about what was clicked, or the notebook in front. */
export interface HistoryArguments {
  project?: string;
  branch?: string;
  /** A commit to show. */
  commit?: string;
  /** Only commits of files with this in their path. */
  path?: string;
}

/** The commits of projects, and who last changed each cell. */
export const history: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-atrium:project-history',
  description: 'The commits of projects as a graph, compared, and who last changed each cell.',
  autoStart: true,
  requires: [IAtrium, IProjects, INotebookTracker],
  optional: [ICommandPalette, IMainMenu],
  activate: (
    app: JupyterFrontEnd,
    { client, events }: IAtrium,
    { model: projects }: IProjects,
    tracker: INotebookTracker,
    palette: ICommandPalette | null,
    menu: IMainMenu | null
  ) => {
    const { commands, shell } = app;
    const views = new Map<string, { view: MainAreaWidget; model: CommitsModel }>();
    const marked = new Map<NotebookPanel, NotebookBlame>();
    let marking = false;

    const open = (project: string, branch: string, wanted: Partial<Wanted>, commit: string) => {
      const key = `atrium-commits-${project}-${branch}`;
      let there = views.get(key);
      if (!there || there.view.isDisposed) {
        const model = new CommitsModel(client, events, project, branch, wanted);
        const name = projects.project(project)?.name ?? branch;
        there = { model, view: commitsWidget({ model, projects }, key, name) };
        views.set(key, there);
        shell.add(there.view, 'main');
      } else if (wanted.text) {
        void there.model.want(wanted);
      }
      shell.activateById(there.view.id);
      if (commit) {
        void there.model.only(commit);
      }
    };

    // The history of what is not there any more has nothing to say.
    projects.lives.left.connect((_, { project, branch }) => {
      for (const [key, { view }] of views) {
        if (
          key === `atrium-commits-${project}-${branch}` ||
          (!branch && key.startsWith(`atrium-commits-${project}-`))
        ) {
          view.dispose();
        }
      }
    });

    const placeOf = (panel: NotebookPanel | null) =>
      panel && projects.place(app.serviceManager.contents.localPath(panel.context.path));
    const inFront = () => {
      const found = placeOf(tracker.currentWidget);
      return found && { project: found.project, branch: found.branch.name };
    };

    commands.addCommand(OPEN_HISTORY, {
      label: 'Commits and Graph',
      icon: historyIcon,
      execute: args => {
        const given = args as HistoryArguments;
        const at = given.project ? null : (clicked(app, projects) ?? inFront());
        const project = given.project ?? at?.project.id;
        const branch = given.branch ?? at?.branch;
        if (project && branch) {
          open(project, branch, given.path ? { by: 'path', text: given.path } : {}, given.commit ?? '');
        }
      }
    });
    commands.addCommand(OPEN_FILE_HISTORY, {
      label: 'Commits of This Notebook',
      icon: historyIcon,
      isEnabled: () => inFront() !== null,
      execute: () => {
        const found = placeOf(tracker.currentWidget);
        if (found) {
          open(found.project.id, found.branch.name, { by: 'path', text: found.path }, '');
        }
      }
    });

    const mark = (panel: NotebookPanel) => {
      if (!marking || marked.has(panel)) {
        return;
      }
      const blame = new NotebookBlame({
        panel,
        client,
        events,
        place: () => placeOf(panel),
        onClick: (at, commit) => open(at.project.id, at.branch.name, {}, commit)
      });
      marked.set(panel, blame);
      panel.disposed.connect(() => marked.delete(panel));
    };
    tracker.widgetAdded.connect((_, panel) => mark(panel));
    // Where a notebook is may be known only later.
    projects.changed.connect(() => commands.notifyCommandChanged(BLAME));
    commands.addCommand(BLAME, {
      label: 'Show Who Changed Each Cell',
      isToggled: () => marking,
      isEnabled: () => marking || inFront() !== null,
      execute: () => {
        marking = !marking;
        if (marking) {
          tracker.forEach(mark);
        } else {
          marked.forEach(blame => blame.dispose());
          marked.clear();
        }
        commands.notifyCommandChanged(BLAME);
      }
    });

    app.contextMenu.addItem({
      command: OPEN_HISTORY,
      selector: '.atrium-Projects .atrium-List-row',
      rank: 1
    });
    app.contextMenu.addItem({ command: BLAME, selector: '.jp-Notebook .jp-Cell', rank: 13 });
    menu?.viewMenu.addGroup([{ command: BLAME }], 20);
    menu?.fileMenu.addGroup([{ command: OPEN_FILE_HISTORY }], 6);
    for (const command of [OPEN_HISTORY, OPEN_FILE_HISTORY, BLAME]) {
      palette?.addItem({ command, category: 'Projects' });
    }
  }
};
