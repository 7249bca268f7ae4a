import type { Client } from '../api/client';
import { type ApiError, asApiError } from '../api/errors';
import type { Events } from '../api/events';
import { Refresh } from '../api/refresh';
import type { Wire } from '../api/wire';
import { Signal, type ISignal } from '@lumino/signaling';
import type { IDisposable } from '@lumino/disposable';

export type Report = Wire<'EnvironmentReport'>;
export type InstalledPackage = Wire<'InstalledPackage'>;
export type PackageChange = Wire<'PackageChange'>;
export type TrustedLine = Wire<'TrustedLine'>;
export type TrustedLines = Wire<'TrustedLines'>;
export type Proposal = Wire<'Proposal'>;

/** A build's end is told once, those of several follow each other. */
const REFRESH_MS = 200;

/** All about the environment of one notebook, and what its project would declare next. */
export class ReportModel implements IDisposable {
  readonly notebook: string;
  /** Whether this person may change what is declared. */
  readonly mayWrite: boolean;
  private readonly _changed = new Signal<this, void>(this);
  private readonly _client: Client;
  private readonly _subscription: IDisposable;
  private readonly _refresh: Refresh;
  private _report: Report | null = null;
  private _trusted: TrustedLines | null = null;
  private _error: ApiError | null = null;
  private _proposal: (Proposal & { requirement: string }) | null = null;
  private _wanted = '';
  private _looking = false;
  private _refusal: ApiError | null = null;
  private _disposed = false;

  constructor(client: Client, events: Events, notebook: string, mayWrite: boolean) {
    this._client = client;
    this.notebook = notebook;
    this.mayWrite = mayWrite;
    this._refresh = new Refresh(() => this._fetch(), REFRESH_MS);
    this._subscription = events.on('environments', event => {
      if (event === null || event.action === 'ready' || event.action === 'changed') {
        this._refresh.soon();
      }
    });
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  /** Null until the first answer. */
  get report(): Report | null {
    return this._report;
  }

  /** What is trusted in the project; null until the first answer. */
  get trusted(): TrustedLines | null {
    return this._trusted;
  }

  /** Why there is none. */
  get error(): ApiError | null {
    return this._error;
  }

  /** What adding a package comes to; null when nothing is being looked at. */
  get proposal(): Proposal | null {
    return this._proposal;
  }

  /** The package, with a version if that matters, that may be declared next. */
  get wanted(): string {
    return this._wanted;
  }

  set wanted(requirement: string) {
    this._wanted = requirement;
    this.dismiss();
  }

  /** Whether what declaring it comes to is being looked at. */
  get looking(): boolean {
    return this._looking;
  }

  /** Why it cannot be declared. */
  get refusal(): ApiError | null {
    return this._refusal;
  }

  load(): Promise<void> {
    return this._refresh.now();
  }

  private async _fetch(): Promise<void> {
    const query = { notebook: this.notebook };
    try {
      this._trusted = await this._client.request<TrustedLines>('GET', 'environments/trusted', undefined, {
        query
      });
      this._report = await this._client.request<Report>('GET', 'environments/report', undefined, { query });
      this._error = null;
    } catch (error) {
      const problem = asApiError(error);
      // While the next one is built, the one before is still what is used; its end is told.
      this._error = problem.code === 'not_built' && this._report ? null : problem;
    }
    this._emit();
  }

  /** Look what declaring it, or another version of what is declared, comes to. */
  async look(): Promise<void> {
    const requirement = this._wanted.trim();
    this.dismiss();
    this._looking = true;
    this._emit();
    try {
      const body = { notebook: this.notebook, requirement };
      const proposal = await this._client.request<Proposal>('POST', 'environments/proposals', body);
      if (requirement === this._wanted.trim()) {
        this._proposal = { ...proposal, requirement };
      }
    } catch (error) {
      this._refusal = asApiError(error);
    }
    this._looking = false;
    this._emit();
  }

  /** Write what was looked at into the project's file, and have that built. */
  async write(): Promise<void> {
    if (this._proposal) {
      const { requirement, version } = this._proposal;
      const { notebook } = this;
      await this._client.request('POST', 'environments/packages', { notebook, requirement, version });
      this.wanted = '';
      await this._client.request('POST', 'environments/prebuild', { notebook });
      await this.load();
    }
  }

  /**
   * Write the project's lock, or write it again, and have that built.
   *
   * @throws ApiError
   */
  async writeLock(): Promise<void> {
    const { notebook } = this;
    await this._client.request('POST', 'environments/lock', { notebook });
    await this._client.request('POST', 'environments/prebuild', { notebook });
    await this.load();
  }

  /** Trust a line no more. */
  async revoke(id: string): Promise<void> {
    await this._client.request('POST', 'environments/revoke', { notebook: this.notebook, id });
    await this.load();
  }

  dismiss(): void {
    this._proposal = null;
    this._refusal = null;
    this._emit();
  }

  dispose(): void {
    if (!this._disposed) {
      this._disposed = true;
      this._subscription.dispose();
      this._refresh.dispose();
      Signal.clearData(this);
    }
  }

  private _emit(): void {
    if (!this._disposed) {
      this._changed.emit();
    }
  }
}
