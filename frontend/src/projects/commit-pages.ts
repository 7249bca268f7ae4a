import type { Client } from '../api/client';
import { type ApiError, asApiError } from '../api/errors';
import type { Wire } from '../api/wire';
import { type LaneRow, Lanes } from './lanes';

export type GraphCommit = Wire<'GraphCommit'>;

/** Which commits are listed: those of a branch, or of all (''), in which something is found. */
export interface Wanted {
  branch: string;
  by: 'message' | 'author' | 'path';
  text: string;
}

const PAGE = 200;
/** So many are listed anew at once; beyond them one scrolls again. */
const MOST = 1_000;

/** The commits that are listed, page after page, and how they are drawn. */
export class CommitPages {
  private readonly _client: Client;
  private readonly _url: string;
  private readonly _emit: () => void;
  private _wanted: Wanted;
  private _commits: readonly GraphCommit[] | null = null;
  private _rows: readonly LaneRow[] = [];
  private _lanes = new Lanes();
  private _more = false;
  private _at = '';
  private _error: ApiError | null = null;
  private _asked = 0;
  private _loading = false;

  /** `url` of the graph; `emit` says that something has changed. */
  constructor(client: Client, url: string, wanted: Wanted, emit: () => void) {
    this._client = client;
    this._url = url;
    this._wanted = wanted;
    this._emit = emit;
  }

  get wanted(): Wanted {
    return this._wanted;
  }

  /** Null until the first answer. */
  get commits(): readonly GraphCommit[] | null {
    return this._commits;
  }

  /** How each commit is drawn; empty for what was found by a search, which has gaps. */
  get rows(): readonly LaneRow[] {
    return this._rows;
  }

  /** Whether there are more than are listed. */
  get more(): boolean {
    return this._more;
  }

  get error(): ApiError | null {
    return this._error;
  }

  /** List others. */
  async want(wanted: Partial<Wanted>): Promise<void> {
    const { branch, text } = this._wanted;
    this._wanted = { ...this._wanted, ...wanted };
    if (!text && !this._wanted.text && branch === this._wanted.branch) {
      this._emit();
      return;
    }
    this._commits = null;
    this._emit();
    await this.load();
  }

  /** List from the beginning, as many as are listed now. */
  async load(): Promise<void> {
    const most = Math.max(PAGE, Math.min(this._commits?.length ?? 0, MOST));
    const asked = ++this._asked;
    this._loading = true;
    try {
      const page = await this._page(0, most, '');
      if (asked === this._asked) {
        this._lanes = new Lanes();
        this._commits = page.commits;
        this._rows = this._wanted.text ? [] : this._lanes.add(page.commits);
        this._more = page.more;
        this._at = page.at;
        this._error = null;
      }
    } catch (error) {
      if (asked === this._asked) {
        this._error = asApiError(error);
      }
    }
    if (asked === this._asked) {
      this._loading = false;
    }
    this._emit();
  }

  /** List the next ones, below. */
  async loadMore(): Promise<void> {
    if (this._loading || !this._more || this._commits === null) {
      return;
    }
    const asked = ++this._asked;
    this._loading = true;
    try {
      const page = await this._page(this._commits.length, PAGE, this._at);
      if (asked !== this._asked) {
        return;
      }
      this._commits = [...this._commits, ...page.commits];
      this._rows = this._wanted.text ? [] : [...this._rows, ...this._lanes.add(page.commits)];
      this._more = page.more;
    } catch (error) {
      if (asked !== this._asked) {
        return;
      }
      const failed = asApiError(error);
      if (failed.code === 'moved_on') {
        this._loading = false;
        await this.load();
        return;
      }
      this._error = failed;
    }
    this._loading = false;
    this._emit();
  }

  /** List anew only if a branch has moved: most changes are of files. */
  async refresh(): Promise<void> {
    if (this._commits !== null && !this._loading) {
      const { at } = await this._page(0, 1, '');
      if (at !== this._at) {
        await this.load();
      }
    }
  }

  private async _page(skip: number, limit: number, at: string): Promise<Wire<'CommitGraph'>> {
    const { branch, by, text } = this._wanted;
    return this._client.request<Wire<'CommitGraph'>>('GET', this._url, undefined, {
      query: { branch, skip, limit, at, ...(text ? { [by]: text } : {}) }
    });
  }
}
