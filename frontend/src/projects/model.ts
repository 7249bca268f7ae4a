import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import type { Client } from '../api/client';
import { asApiError, type ApiError } from '../api/errors';
import type { Event, Events } from '../api/events';
import { Refresh } from '../api/refresh';
import type { Operation, OperationModel, Operations } from '../api/operations';
import type { Wire } from '../api/wire';
import { CredentialsModel } from './credentials';
import { Folders } from './folders';
import { Lives } from './lives';
import type { IWhoIsWhere, Reviewed, ReviewTalk } from './tokens';

export type Project = Wire<'Project'>;
export type Branch = Wire<'Branch'>;
export type OpenedBranch = Wire<'OpenedBranch'>;
export type NewProject = Wire<'NewProject'>;
export type Suggestion = Wire<'Suggestion'>;
export type RepositorySize = Wire<'RepositorySize'>;

/** Where in a project a file lies. */
export interface Place {
  project: Project;
  branch: Branch;
  /** Within the branch's folder. */
  path: string;
}

/** The followed branch of a project was rewritten (`git push --force`), or is not on the remote any more. */
export interface Alarm {
  kind: 'rewritten' | 'branch-gone';
  project: Project;
}

const REFRESH_MS = 500;

/** The projects, with their branches and production. */
export class ProjectsModel implements IDisposable {
  readonly credentials: CredentialsModel;
  readonly lives: Lives;
  /** Begins to tell what is said in a review; null as long as no room above does. */
  talk: ((reviewed: Reviewed) => ReviewTalk) | null = null;
  private readonly _client: Client;
  private readonly _operations: Operations;
  private readonly _changed = new Signal<this, void>(this);
  private readonly _written = new Signal<this, void>(this);
  private readonly _published = new Signal<this, Project>(this);
  private readonly _alarmed = new Signal<this, Alarm>(this);
  private readonly _subscription: IDisposable;
  private readonly _refresh: Refresh;
  private _projects: Project[] | null = null;
  private _suggestions: Suggestion[] = [];
  private _error: ApiError | null = null;
  private _cloning: OperationModel<OpenedBranch> | null = null;
  private _connecting: OperationModel | null = null;
  private readonly _fetching = new Map<string, OperationModel>();
  private readonly _folders = new Map<string, Folders>();
  private _whoIsWhere: IWhoIsWhere | null = null;
  private _disposed = false;

  constructor(client: Client, events: Events, operations: Operations) {
    this._client = client;
    this.credentials = new CredentialsModel(client);
    this.lives = new Lives(client, () => this.load());
    this._operations = operations;
    this._refresh = new Refresh(() => this._fetch(), REFRESH_MS);
    this._subscription = events.on('projects', event => void this._onEvent(event));
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** A project's production has moved to another commit. */
  get published(): ISignal<this, Project> {
    return this._published;
  }

  /** Something happened to a followed branch that people should know of. */
  get alarmed(): ISignal<this, Alarm> {
    return this._alarmed;
  }

  /** An open document was written to the disk: what was typed is a change now. */
  get written(): ISignal<this, void> {
    return this._written;
  }

  /** Null until the first answer. */
  get projects(): Project[] | null {
    return this._projects;
  }

  /** Repositories to begin with that are not cloned yet. */
  get suggestions(): Suggestion[] {
    const cloned = new Set(this._projects?.map(project => project.url));
    return this._suggestions.filter(one => !cloned.has(one.url));
  }

  get error(): ApiError | null {
    return this._error;
  }

  /** The clone that was started here last. */
  get cloning(): OperationModel<OpenedBranch> | null {
    return this._cloning;
  }

  /** The first push to a remote that runs. */
  get connecting(): OperationModel | null {
    return this._connecting;
  }

  /** Null as long as nobody has said who knows. */
  get whoIsWhere(): IWhoIsWhere | null {
    return this._whoIsWhere;
  }

  set whoIsWhere(whoIsWhere: IWhoIsWhere) {
    this._whoIsWhere = whoIsWhere;
    whoIsWhere.changed.connect(() => this._emit());
    this._emit();
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  load(): Promise<void> {
    return this._refresh.now();
  }

  private async _fetch(): Promise<void> {
    try {
      const [projects, suggestions] = await Promise.all([
        this._client.request<Wire<'ProjectList'>>('GET', 'projects'),
        this._client.request<Wire<'SuggestionList'>>('GET', 'projects/suggestions')
      ]);
      this._projects = projects.projects;
      this._suggestions = suggestions.suggestions;
      this._error = null;
    } catch (error) {
      this._error = asApiError(error);
    }
    this._emit();
  }

  refresh(): void {
    this._refresh.soon();
  }

  noteWritten(): void {
    this._written.emit();
    this.refresh();
  }

  place(path: string): Place | null {
    for (const project of this._projects ?? []) {
      for (const branch of project.branches) {
        if (branch.folder && (path === branch.folder || path.startsWith(`${branch.folder}/`))) {
          return { project, branch, path: path.slice(branch.folder.length + 1) };
        }
      }
    }
    return null;
  }

  project(id: string): Project | null {
    return this._projects?.find(project => project.id === id) ?? null;
  }

  /** Resolves when the clone has ended; null when it was cancelled. `folders`: check out only these; null: all. */
  async clone(
    url: string,
    name: string,
    depth = 0,
    folders: string[] | null = null
  ): Promise<OpenedBranch | null> {
    return this._made(
      await this._client.request<Operation<OpenedBranch>>('POST', 'projects', { url, name, depth, folders })
    );
  }

  /** The folders of a project, and choosing some. */
  folders(id: string): Folders {
    const known = this._folders.get(id) ?? new Folders(this._client, this._operations, id);
    this._folders.set(id, known);
    return known;
  }

  /** Push a project that has no remote to an empty one, which is its remote from then on. */
  async connect(id: string, url: string): Promise<void> {
    const started = await this._client.request<Operation>('POST', `projects/${id}/connect`, { url });
    this._connecting = this._operations.follow(started);
    this._emit();
    try {
      await this._connecting.done;
    } finally {
      this._connecting = null;
      await this.load();
    }
  }

  /** How large the repository is, as far as its host tells. */
  async size(url: string): Promise<RepositorySize> {
    return this._client.request<RepositorySize>('GET', 'projects/size', undefined, { query: { url } });
  }

  /** The fetch of a project's history that runs, or ran last and failed. */
  fetching(id: string): OperationModel | null {
    return this._fetching.get(id) ?? null;
  }

  /** Fetch the history that a clone has left out. */
  async fetchRest(id: string): Promise<void> {
    const fetching = this._operations.follow(
      await this._client.request<Operation>('POST', `projects/${id}/fetch-rest`)
    );
    this._fetching.set(id, fetching);
    this._emit();
    try {
      await fetching.done;
      this._fetching.delete(id);
    } catch {
      // Its error is shown where it was started.
    }
    await this.load();
  }

  /** A project that is not cloned; null when it was cancelled. */
  async begin(wanted: NewProject): Promise<OpenedBranch | null> {
    return this._made(await this._client.request<Operation<OpenedBranch>>('POST', 'projects/new', wanted));
  }

  private async _made(started: Operation<OpenedBranch>): Promise<OpenedBranch | null> {
    this._cloning = this._operations.follow(started);
    this._emit();
    try {
      const { result } = await this._cloning.done;
      await this.load();
      return result;
    } finally {
      this._cloning = null;
      this._emit();
    }
  }

  async branches(id: string): Promise<Branch[]> {
    return (await this._client.request<Wire<'BranchList'>>('GET', `projects/${id}/branches`)).branches;
  }

  async create(id: string, name: string, source: string, notebook: string): Promise<OpenedBranch> {
    const opened = await this._client.request<OpenedBranch>('POST', `projects/${id}/branches`, {
      name,
      source,
      notebook
    });
    await this.load();
    return opened;
  }

  async switchTo(id: string, branch: string, notebook: string): Promise<OpenedBranch> {
    const opened = await this._client.request<OpenedBranch>('POST', `projects/${id}/switch`, {
      branch,
      notebook
    });
    await this.load();
    return opened;
  }

  /** Have commits of notebooks made without their outputs, or with them. */
  async setStripOutputs(id: string, strip: boolean): Promise<void> {
    await this._client.request('PATCH', `projects/${id}`, { strip_outputs: strip });
    await this.load();
  }

  dispose(): void {
    if (!this._disposed) {
      this._disposed = true;
      this._subscription.dispose();
      this._refresh.dispose();
      Signal.clearData(this);
    }
  }

  private async _onEvent(event: Event | null): Promise<void> {
    if (event?.action === 'rewritten' || event?.action === 'branch-gone') {
      await this.load();
      const project = this.project(event.id);
      if (project && !this._disposed) {
        this._alarmed.emit({ kind: event.action, project });
      }
      return;
    }
    if (event?.action !== 'production') {
      this.refresh();
      return;
    }
    const before = this.project(event.id)?.production?.sha;
    await this.load();
    const project = this.project(event.id);
    // The first one comes with the clone and is no news.
    if (project?.production && before && project.production.sha !== before) {
      this._published.emit(project);
    }
  }

  private _emit(): void {
    if (!this._disposed) {
      this._changed.emit();
    }
  }
}
