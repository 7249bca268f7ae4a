import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import type { Client } from '../api/client';
import { type ApiError, asApiError } from '../api/errors';
import type { Events } from '../api/events';
import { Refresh } from '../api/refresh';
import type { Wire } from '../api/wire';

export type Schedule = Wire<'Schedule'>;
export type Run = Wire<'Run'>;
export type RunState = Run['state'];
export type Cluster = Wire<'ScheduleCluster'>;
export type Preview = Wire<'SchedulePreview'>;
export type NewSchedule = Partial<Wire<'CreateSchedule'>> &
  Pick<Wire<'CreateSchedule'>, 'project' | 'notebook' | 'cron' | 'time_zone'>;

/** A notebook as schedules know it: a project's id, and a path within it. */
export interface Place {
  project: string;
  name: string;
  notebook: string;
}

const REFRESH_MS = 300;
const HISTORY = 50;
const ENDED: readonly string[] = ['succeeded', 'failed', 'lost'];

/** Schedules and runs of the workspace. */
export class JobsModel implements IDisposable {
  private readonly _changed = new Signal<this, void>(this);
  private readonly _ended = new Signal<this, Run>(this);
  private readonly _client: Client;
  private readonly _subscriptions: IDisposable[];
  private readonly _refresh: Refresh;
  private _schedules: readonly Schedule[] | null = null;
  private _runs: readonly Run[] | null = null;
  private _error: ApiError | null = null;
  private _me: Promise<Wire<'Person'>> | null = null;
  private _disposed = false;

  constructor(client: Client, events: Events) {
    this._client = client;
    this._refresh = new Refresh(() => this._fetch(), REFRESH_MS);
    this._subscriptions = [
      events.on('jobs', () => this.refresh()),
      events.on('runs', event => {
        this.refresh();
        if (event && ENDED.includes(event.action)) {
          void this._tell(event.id);
        }
      })
    ];
    this.refresh();
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** A run has ended that this person wants to be told of. */
  get ended(): ISignal<this, Run> {
    return this._ended;
  }

  /** By name; null while loading. */
  get schedules(): readonly Schedule[] | null {
    return this._schedules;
  }

  /** Newest first; null while loading. */
  get runs(): readonly Run[] | null {
    return this._runs;
  }

  get error(): ApiError | null {
    return this._error;
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  /** The schedules of one notebook. */
  of(place: Place): readonly Schedule[] {
    return (this._schedules ?? []).filter(
      one => one.project === place.project && one.notebook === place.notebook
    );
  }

  refresh(): void {
    this._refresh.soon();
  }

  /** Where a notebook (its path) is; null outside of projects. */
  async locate(path: string): Promise<Place | null> {
    const { projects } = await this._client.request<Wire<'ProjectList'>>('GET', 'projects');
    for (const project of projects) {
      for (const branch of project.branches) {
        if (branch.folder && path.startsWith(`${branch.folder}/`)) {
          return {
            project: project.id,
            name: project.name,
            notebook: path.slice(branch.folder.length + 1)
          };
        }
      }
    }
    return null;
  }

  /** Whether a run can have GPUs: the machine that it runs on has some. */
  async hasGpus(): Promise<boolean> {
    const { gpus } = await this._client.request<Wire<'Gpus'>>('GET', 'clusters/gpus');
    return gpus.length > 0;
  }

  /** The kind of the cluster that a notebook (its path) is attached to, and its size where that is decided here. */
  async cluster(path: string): Promise<Cluster | null> {
    const { clusters, attached } = await this._client.request<Wire<'ClusterList'>>(
      'GET',
      'clusters',
      undefined,
      { query: { notebook: path } }
    );
    const found = clusters.find(one => one.id === attached);
    if (!found) {
      return null;
    }
    const { kind, minimum, maximum, gpus } = found;
    // How many workers others have says nothing of what this machine is good for.
    return found.address ? { kind, minimum: 1, maximum: 4, gpus: 0 } : { kind, minimum, maximum, gpus };
  }

  /** When it would run, and what. @throws ApiError whose `field` names what is wrong. */
  async preview(cron: string, timeZone: string, place: Place): Promise<Preview> {
    return this._client.request<Preview>('POST', 'schedules/preview', {
      cron,
      time_zone: timeZone,
      project: place.project,
      notebook: place.notebook
    });
  }

  /** @throws ApiError */
  async create(wish: NewSchedule): Promise<Schedule> {
    const made = await this._client.request<Schedule>('POST', 'schedules', wish);
    await this._refresh.now();
    return made;
  }

  /** @throws ApiError */
  async runNow(schedule: string): Promise<void> {
    await this._change('POST', `schedules/${encodeURIComponent(schedule)}/run`);
  }

  /** Pause or resume. @throws ApiError */
  async enable(schedule: string, enabled: boolean): Promise<void> {
    await this._change('PATCH', `schedules/${encodeURIComponent(schedule)}`, { enabled });
  }

  /** @throws ApiError */
  async delete(schedule: string): Promise<void> {
    await this._change('DELETE', `schedules/${encodeURIComponent(schedule)}`);
  }

  /** @throws ApiError */
  async cancel(run: string): Promise<void> {
    await this._change('POST', `runs/${encodeURIComponent(run)}/cancel`);
  }

  /** The end of a run's log. @throws ApiError */
  async log(run: string): Promise<Wire<'RunLog'>> {
    return this._client.request<Wire<'RunLog'>>('GET', `runs/${encodeURIComponent(run)}/log`);
  }

  /** The page with a run's executed notebook. */
  pageUrl(run: string, theme: 'light' | 'dark'): string {
    return `${this._client.settings.baseUrl}atrium/runs/${encodeURIComponent(run)}?theme=${theme}`;
  }

  dispose(): void {
    if (!this._disposed) {
      this._disposed = true;
      this._subscriptions.forEach(one => one.dispose());
      this._refresh.dispose();
      Signal.clearData(this);
    }
  }

  private async _change(method: 'POST' | 'PATCH' | 'DELETE', path: string, body: object = {}): Promise<void> {
    await this._client.request(method, path, body);
    await this._refresh.now();
  }

  private async _fetch(): Promise<void> {
    try {
      const [{ schedules }, { runs }] = await Promise.all([
        this._client.request<Wire<'ScheduleList'>>('GET', 'schedules'),
        this._client.request<Wire<'RunList'>>('GET', 'runs', undefined, { query: { limit: HISTORY } })
      ]);
      this._schedules = schedules;
      this._runs = runs;
      this._error = null;
    } catch (error) {
      this._error = asApiError(error);
    }
    if (!this._disposed) {
      this._changed.emit();
    }
  }

  private async _tell(id: string): Promise<void> {
    this._me ??= this._client.request<Wire<'Person'>>('GET', 'me');
    try {
      const [me, run] = await Promise.all([
        this._me,
        this._client.request<Run>('GET', `runs/${encodeURIComponent(id)}`)
      ]);
      if (run.notify && run.created_by === me.id && !this._disposed) {
        this._ended.emit(run);
      }
    } catch {
      this._me = null;
    }
  }
}
