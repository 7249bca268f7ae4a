import type { JupyterFrontEnd } from '@jupyterlab/application';

import type { Project, ProjectsModel } from './model';

/** The project, and branch if there is one (else the followed one), of the row of the panel that was clicked. */
export function clicked(
  app: JupyterFrontEnd,
  model: ProjectsModel
): { project: Project; branch: string } | null {
  const row = app.contextMenuHitTest(node => node.classList.contains('atrium-List-row'));
  const [id = '', kind, ...branch] = (row?.dataset['key'] ?? '').split(' ');
  const project = model.project(id);
  return project && { project, branch: kind === 'branch' ? branch.join(' ') : project.followed_branch };
}
