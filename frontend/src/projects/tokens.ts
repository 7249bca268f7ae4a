import { Token } from '@lumino/coreutils';
import type { IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';
import type { ReactNode } from 'react';

import type { ApiError } from '../api/errors';
import type { Place, ProjectsModel } from './model';
import type { Remarks } from './remarks';

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

/** The commits that a review shows. */
export interface Reviewed {
  project: string;
  branch: string;
  head: string;
  fork: string;
}

/** What is said in the review of a branch; a room above knows. */
export interface ReviewTalk extends IDisposable {
  readonly changed: ISignal<unknown, void>;
  /** The branch's commit, when it is another than the one that is shown; threads stay as they are until `follow`. */
  readonly movedOn: string;
  /** Whether nothing is said yet, and whoever looks may. */
  readonly invites: boolean;
  /** Why what is said could not be fetched. */
  readonly error: ApiError | null;
  /** How many threads are open, in all or on a file. */
  open(path?: string): number;
  /** What is said about a file. */
  on(path: string): Remarks;
  /** What is said about lines of a file that are not among these places; null for nothing. */
  beyond(path: string, places: ReadonlySet<string>): ReactNode;
  /** What is said about files other than these; null for nothing. */
  elsewhere(paths: readonly string[]): ReactNode;
  refresh(): Promise<void>;
  /** Other commits are shown now. */
  follow(reviewed: Reviewed): void;
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
  talkIn(talk: (reviewed: Reviewed) => ReviewTalk): void;
}

export const IProjects = new Token<IProjects>('jupyter-atrium:IProjects', 'The projects of the workspace.');
