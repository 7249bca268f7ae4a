import { Token } from '@lumino/coreutils';

import type { Place, ProjectsModel } from './model';

/** The projects of the workspace, and where in them a file lies. */
export interface IProjects {
  readonly model: ProjectsModel;
  /** The project and branch of a path of the contents; null outside any project, or while not known yet. */
  place(path: string): Place | null;
  /** Show changes, commit and review of a branch in the main area. */
  openGit(projectId: string, branch: string): void;
}

export const IProjects = new Token<IProjects>('jupyter-atrium:IProjects', 'The projects of the workspace.');
