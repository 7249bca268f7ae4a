import { Token } from '@lumino/coreutils';
import type { ISignal } from '@lumino/signaling';
import type { ComponentType } from 'react';

import type { Place, ProjectsModel } from './model';

/** A file that others have open. */
export interface OpenFile {
  /** As the contents API names it. */
  path: string;
  /** The names of those people. */
  people: string[];
}

/** Who has what open; a room above knows. */
export interface IWhoIsWhere {
  readonly changed: ISignal<unknown, void>;
  /** What others have open below a folder. */
  below(folder: string): readonly OpenFile[];
  /** Open a file, and go to where somebody is in it. */
  go(path: string, person: string): void;
}

/** What is said about a cell of a notebook, or about another file. */
export interface DiscussionProps {
  /** Below the workspace's folder, on the branch that is looked at. */
  path: string;
  /** The cell's id; empty for a file that has no cells. */
  cell: string;
  /** What it is called: "cell 3 of forecast.ipynb". */
  name: string;
}

/** The projects of the workspace, and where in them a file lies. */
export interface IProjects {
  readonly model: ProjectsModel;
  /** The project and branch of a path of the contents; null outside any project, or while not known yet. */
  place(path: string): Place | null;
  /** Show changes, commit and review of a branch in the main area. */
  openGit(projectId: string, branch: string): void;
  /** Have the panel show who is where. */
  show(whoIsWhere: IWhoIsWhere): void;
  /** Have reviews show what is said. */
  discussIn(discussion: ComponentType<DiscussionProps>): void;
}

export const IProjects = new Token<IProjects>('jupyter-atrium:IProjects', 'The projects of the workspace.');
