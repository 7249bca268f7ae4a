import { type ISignal, Signal } from '@lumino/signaling';

import type { Client } from '../api/client';
import type { Wire } from '../api/wire';
import type { Project } from './model';
import { count } from './words';

export type BranchCost = Wire<'BranchCost'>;
export type ProjectCost = Wire<'ProjectCost'>;
export type Dependent = Wire<'Dependent'>;
export type DeletedBranch = Wire<'DeletedBranch'>;
export type DeletedProject = Wire<'DeletedProject'>;

/** What somebody is about to do in the panel. */
export type Asking =
  | { kind: 'delete-branch' | 'rename-branch'; project: Project; branch: string }
  | { kind: 'branch-here'; project: Project; folder: string }
  | { kind: 'connect'; project: Project }
  /** `fresh`: it was cloned just now, without any. */
  | { kind: 'folders'; project: Project; fresh?: boolean }
  | { kind: 'delete-project'; project: Project };

/** What was deleted last, and how it comes back. */
export interface Gone {
  /** "weekly", or the project's name. */
  name: string;
  project: string;
  /** Of a branch. */
  backup?: string;
}

/** How branches and projects end, rest, and come back. */
export class Lives {
  private readonly _client: Client;
  private readonly _reload: () => Promise<void>;
  private readonly _changed = new Signal<this, void>(this);
  private readonly _left = new Signal<this, { project: string; branch: string }>(this);
  private _asking: Asking | null = null;
  private _gone: Gone | null = null;

  /** `reload` has the list of projects read anew. */
  constructor(client: Client, reload: () => Promise<void>) {
    this._client = client;
    this._reload = reload;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** A branch is not there any more under this name; empty for all of a project. */
  get left(): ISignal<this, { project: string; branch: string }> {
    return this._left;
  }

  get asking(): Asking | null {
    return this._asking;
  }

  get gone(): Gone | null {
    return this._gone;
  }

  ask(asking: Asking | null): void {
    this._asking = asking;
    this._changed.emit();
  }

  async branchCost(project: string, branch: string): Promise<BranchCost> {
    return this._client.request<BranchCost>('GET', `${address(project, branch)}/cost`);
  }

  async projectCost(project: string): Promise<ProjectCost> {
    return this._client.request<ProjectCost>('GET', `projects/${project}/cost`);
  }

  async rename(project: string, branch: string, name: string): Promise<Wire<'RenamedBranch'>> {
    const renamed = await this._client.request<Wire<'RenamedBranch'>>('PATCH', address(project, branch), {
      name
    });
    this._left.emit({ project, branch });
    await this._ended(null);
    return renamed;
  }

  /** Put a folder that is on a commit back on its branch. */
  async back(project: string, folder: string): Promise<void> {
    await this._client.request('POST', `projects/${project}/detached/back`, { folder });
    await this._reload();
  }

  /** Begin a branch where such a folder is. */
  async branchHere(project: string, folder: string, name: string): Promise<void> {
    await this._client.request('POST', `projects/${project}/detached/branch`, { folder, name });
    await this._ended(null);
  }

  async deleteBranch(project: string, branch: string): Promise<void> {
    const deleted = await this._client.request<DeletedBranch>('DELETE', address(project, branch));
    this._left.emit({ project, branch });
    await this._ended({ name: branch, project, backup: deleted.backup });
  }

  async deleteProject(project: Project, name: string): Promise<void> {
    await this._client.request('DELETE', `projects/${project.id}`, undefined, { query: { name } });
    this._left.emit({ project: project.id, branch: '' });
    await this._ended({ name: project.name, project: project.id });
  }

  /** Bring back what was deleted last. */
  async undo(): Promise<void> {
    const gone = this._gone;
    if (!gone) {
      return;
    }
    await (gone.backup ? this.restoreBranch(gone.project, gone.backup) : this.restore(gone.project));
  }

  /** Say no more of what was deleted last. */
  dismiss(): void {
    this._gone = null;
    this._changed.emit();
  }

  async archive(project: string, archived: boolean): Promise<void> {
    await this._client.request('POST', `projects/${project}/${archived ? 'archive' : 'unarchive'}`);
    await this._reload();
  }

  /** Projects that can be brought back. */
  async deletedProjects(): Promise<DeletedProject[]> {
    return (await this._client.request<Wire<'DeletedProjectList'>>('GET', 'deleted-projects')).projects;
  }

  /** Branches of a project that can be brought back. */
  async deletedBranches(project: string): Promise<DeletedBranch[]> {
    const url = `projects/${project}/deleted-branches`;
    return (await this._client.request<Wire<'DeletedBranchList'>>('GET', url)).branches;
  }

  /** A deleted project comes back. */
  async restore(project: string): Promise<void> {
    await this._client.request('POST', `deleted-projects/${project}/restore`);
    await this._ended(null);
  }

  async restoreBranch(project: string, backup: string): Promise<void> {
    await this._client.request('POST', `projects/${project}/deleted-branches/${backup}/restore`);
    await this._ended(null);
  }

  private async _ended(gone: Gone | null): Promise<void> {
    this._asking = null;
    this._gone = gone;
    await this._reload();
    this._changed.emit();
  }
}

function address(project: string, branch: string): string {
  return `projects/${project}/branches/${encodeURIComponent(branch)}`;
}

/** What deleting a branch takes away, a line each; nothing where it is all elsewhere. */
export function branchLosses(cost: Omit<BranchCost, 'refused'>): string[] {
  const lines = [];
  if (cost.unpushed) {
    lines.push(`${count(cost.unpushed, 'commit')} that ${cost.unpushed === 1 ? 'was' : 'were'} never pushed`);
  } else if (cost.unmerged) {
    lines.push(
      `${count(cost.unmerged, 'commit')} not merged into ${cost.target}; the remote has ${cost.unmerged === 1 ? 'it' : 'them'}`
    );
  }
  if (cost.changes) {
    lines.push(`${count(cost.changes, 'file')} with changes that are not committed`);
  }
  return [...lines, ...dependentLines(cost.dependents ?? [])];
}

/** What else deleting a project takes away, a line each. */
export function projectLosses(cost: ProjectCost): string[] {
  const branches = cost.branches.map(branch => {
    const parts = [
      branch.unpushed ? `${count(branch.unpushed, 'commit')} never pushed` : '',
      branch.changes ? `${count(branch.changes, 'file')} not committed` : ''
    ].filter(Boolean);
    return `${branch.branch}: ${parts.join(', ')}`;
  });
  return [...branches, ...dependentLines(cost.dependents)];
}

const KINDS: Record<Dependent['kind'], (names: string[], people: string[]) => string> = {
  document: (names, people) =>
    `${count(names.length, 'open document')} (${names.join(', ')})${people.length ? `, used by ${people.join(' and ')}` : ''}`,
  kernel: names => `${count(names.length, 'running kernel')}: ${names.length === 1 ? 'it ends' : 'they end'}`,
  schedule: names => `${count(names.length, 'schedule')}: ${names.join(', ')}`,
  dashboard: names => `${count(names.length, 'dashboard')}: ${names.join(', ')}`,
  table: names => `its own ${names.length === 1 ? 'copy' : 'copies'} of ${names.join(', ')}`
};

function dependentLines(dependents: readonly Dependent[]): string[] {
  const kinds = [...new Set(dependents.map(one => one.kind))];
  return kinds.map(kind => {
    const those = dependents.filter(one => one.kind === kind);
    const people = [...new Set(those.flatMap(one => one.people ?? []))];
    return KINDS[kind](
      those.map(one => one.name),
      people
    );
  });
}

const UNITS = ['B', 'KB', 'MB', 'GB', 'TB'];

/** "12 MB". */
export function size(bytes: number): string {
  const power = bytes < 1 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(bytes) / 3));
  const value = bytes / 1000 ** power;
  return `${value < 10 && power > 0 ? value.toFixed(1) : Math.round(value)} ${UNITS[power]}`;
}
