import type { JupyterFrontEnd } from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';

import { notifyError } from '../ui';
import { clicked } from './clicked';
import type { Project, ProjectsModel } from './model';

const ROW = '.atrium-Projects .atrium-List-row';
const BRANCH = `${ROW}[data-key*=" branch "]`;
const PROJECT = `${ROW}[data-key]:not([data-key*=" "])`;

/** The context menu of the rows of the Projects panel. */
export function addRowCommands(
  app: JupyterFrontEnd,
  model: ProjectsModel,
  openGit: (project: string, branch: string) => void,
  openProduction: (project: string) => void
): void {
  const add = (
    id: string,
    label: string | (() => string),
    selector: string,
    run: (at: { project: Project; branch: string }) => unknown,
    isVisible: (project: Project) => boolean = () => true
  ) => {
    const command = `atrium-projects:${id}`;
    app.commands.addCommand(command, {
      label,
      isVisible: () => {
        const at = clicked(app, model);
        return at !== null && isVisible(at.project);
      },
      execute: () => {
        const at = clicked(app, model);
        return at ? run(at) : undefined;
      }
    });
    app.contextMenu.addItem({ command, selector, rank: rank++ });
  };
  let rank = 0;
  add('git', 'Changes, Commits and Review', ROW, ({ project, branch }) => openGit(project.id, branch));
  add('production', 'Production and Webhook', ROW, ({ project }) => openProduction(project.id));
  const written = (project: Project) => project.may_write;
  add(
    'rename-branch',
    'Rename Branch…',
    BRANCH,
    at => model.lives.ask({ kind: 'rename-branch', ...at }),
    written
  );
  add(
    'delete-branch',
    'Delete Branch…',
    BRANCH,
    at => model.lives.ask({ kind: 'delete-branch', ...at }),
    written
  );
  add(
    'connect',
    'Connect to a Remote…',
    PROJECT,
    ({ project }) => model.lives.ask({ kind: 'connect', project }),
    project => !project.url && project.may_administer
  );
  add(
    'folders',
    'Folders…',
    PROJECT,
    ({ project }) => model.lives.ask({ kind: 'folders', project }),
    project => !project.archived && project.may_write
  );
  add(
    'archive',
    () => (clicked(app, model)?.project.archived ? 'Unarchive Project' : 'Archive Project'),
    PROJECT,
    ({ project }) => archive(model, project, !project.archived),
    project => project.may_administer
  );
  add(
    'delete',
    'Delete Project…',
    PROJECT,
    ({ project }) => model.lives.ask({ kind: 'delete-project', project }),
    project => project.may_administer
  );
}

async function archive(model: ProjectsModel, project: Project, archived: boolean): Promise<void> {
  try {
    await model.lives.archive(project.id, archived);
  } catch (error) {
    notifyError(error);
    return;
  }
  if (archived) {
    Notification.info(
      `${project.name} is archived: out of sight, its schedules paused, its remote not looked at. Its files stay.`,
      {
        autoClose: 8_000,
        actions: [{ label: 'Undo', callback: () => void archive(model, project, false) }]
      }
    );
  }
}
