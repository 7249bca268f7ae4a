import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import type { Client } from '../api/client';
import { type ApiError, asApiError } from '../api/errors';
import type { Events } from '../api/events';
import { Refresh } from '../api/refresh';
import type { Wire } from '../api/wire';

export type Point = Wire<'HistoryPoint'>;
export type PointDiff = Wire<'PointDiff'>;
export type CellChange = Wire<'CellChange'>;
export type Restored = Wire<'Restored'>;

/** What a version is compared with: what the document says now, or the version before it. */
export type Against = 'now' | 'previous';

/** How often a comparison with the present is made anew while somebody types. */
const TYPING_MS = 2_000;

/** The versions of one document, and how the chosen one differs. */
export class HistoryModel implements IDisposable {
  private readonly _client: Client;
  private readonly _subscription: IDisposable;
  private readonly _typing: Refresh;
  private readonly _changed = new Signal<this, void>(this);
  private _path: string;
  private _history: Wire<'DocumentHistory'> | null = null;
  private _error: ApiError | null = null;
  private _selected: string | null = null;
  private _against: Against = 'now';
  private _diff: PointDiff | null = null;
  private _diffError: ApiError | null = null;
  private _asked = 0;
  private _compared = 0;
  private _disposed = false;

  /** `path` is the document's, as the contents API names it. */
  constructor(client: Client, events: Events, path: string) {
    this._client = client;
    this._path = path;
    this._typing = new Refresh(() => this._compare(), TYPING_MS);
    this._subscription = events.on('documents', event => {
      // Until the first answer is there, it may be about this document: that may be without what is told of now.
      const isMine = this._history === null || event?.id === this._history.document;
      if (event === null || (event.action === 'history' && isMine)) {
        void this.refresh();
      }
    });
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get path(): string {
    return this._path;
  }

  /** The newest first; null while loading. */
  get points(): readonly Point[] | null {
    return this._history?.points ?? null;
  }

  /** Whether this person may restore and name. */
  get writable(): boolean {
    return this._history?.writable ?? false;
  }

  /** Why the versions could not be fetched. */
  get error(): ApiError | null {
    return this._error;
  }

  /** The version that is looked at. */
  get point(): Point | null {
    return this.points?.find(point => point.id === this._selected) ?? null;
  }

  get against(): Against {
    return this._against;
  }

  /** How the version differs; null while that is found out. */
  get diff(): PointDiff | null {
    return this._diff;
  }

  get diffError(): ApiError | null {
    return this._diffError;
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  /** The document has another name now. */
  rename(path: string): void {
    this._path = path;
    void this.refresh();
  }

  /** Fetch the versions; the newest one is looked at unless one is already. */
  async refresh(): Promise<void> {
    const asked = ++this._asked;
    try {
      const history = await this._client.request<Wire<'DocumentHistory'>>(
        'GET',
        'documents/history',
        undefined,
        { query: { path: this._path } }
      );
      if (asked !== this._asked) {
        return;
      }
      this._history = history;
      this._error = null;
      if (!this.point) {
        this._selected = history.points[0]?.id ?? null;
        this._diff = null;
      }
      void this._compare();
    } catch (error) {
      if (asked === this._asked) {
        this._error = asApiError(error);
        this._emit();
      }
    }
  }

  /** Look at a version. */
  async select(id: string): Promise<void> {
    if (id !== this._selected) {
      this._selected = id;
      this._diff = null;
      await this._compare();
    }
  }

  async compareWith(against: Against): Promise<void> {
    if (against !== this._against) {
      this._against = against;
      this._diff = null;
      await this._compare();
    }
  }

  /** Compare again, after a failure. */
  retry(): Promise<void> {
    return this._compare();
  }

  /** Somebody typed in the document. */
  edited(): void {
    if (this._against === 'now') {
      this._typing.soon();
    }
  }

  /** Keep what the document says now for ever. */
  async nameNow(name: string): Promise<void> {
    const made = await this._client.request<Point>('POST', 'documents/history', { path: this._path, name });
    this._selected = made.id;
    this._diff = null;
    await this.refresh();
  }

  /** Give a version a name, which keeps it for ever; an empty one takes that back. */
  async name(point: Point, name: string): Promise<void> {
    await this._client.request<Point>('PATCH', pointPath(point), { name });
    await this.refresh();
  }

  /**
   * Have the document say what a version says.
   *
   * @param cell - only this cell of it, by its position in the version
   * @returns with `before`, whose restoring undoes this
   */
  async restore(point: Point, cell: number | null = null): Promise<Restored> {
    const restored = await this._client.request<Restored>('POST', `${pointPath(point)}/restore`, { cell });
    await this.refresh();
    return restored;
  }

  dispose(): void {
    if (!this._disposed) {
      this._disposed = true;
      this._subscription.dispose();
      this._typing.dispose();
      Signal.clearData(this);
    }
  }

  private async _compare(): Promise<void> {
    const compared = ++this._compared;
    const { point } = this;
    this._diffError = null;
    this._emit();
    if (!point) {
      return;
    }
    try {
      const diff = await this._client.request<PointDiff>('GET', pointPath(point), undefined, {
        query: { against: this._against }
      });
      if (compared === this._compared) {
        this._diff = diff;
        this._emit();
      }
    } catch (error) {
      if (compared === this._compared) {
        this._diff = null;
        this._diffError = asApiError(error);
        this._emit();
      }
    }
  }

  private _emit(): void {
    if (!this._disposed) {
      this._changed.emit();
    }
  }
}

function pointPath(point: Point): string {
  return `documents/history/${encodeURIComponent(point.id)}`;
}

/** Versions of one day, the newest first. */
export interface Day {
  label: string;
  points: Point[];
}

/** The versions by the reader's days: "Today", "Yesterday", "Thursday, 12 March". */
export function byDay(points: readonly Point[], now: Date = new Date()): Day[] {
  const days: Day[] = [];
  for (const point of points) {
    const label = dayLabel(new Date(point.created), now);
    const last = days[days.length - 1];
    if (last?.label === label) {
      last.points.push(point);
    } else {
      days.push({ label, points: [point] });
    }
  }
  return days;
}

function dayLabel(date: Date, now: Date): string {
  const midnight = (of: Date) => new Date(of.getFullYear(), of.getMonth(), of.getDate()).getTime();
  // Rounded, because days are an hour longer or shorter when clocks are changed.
  const ago = Math.round((midnight(now) - midnight(date)) / 86_400_000);
  if (ago <= 1) {
    return ago === 1 ? 'Yesterday' : 'Today';
  }
  const year = date.getFullYear() === now.getFullYear() ? undefined : 'numeric';
  return date.toLocaleDateString(undefined, { weekday: 'long', day: 'numeric', month: 'long', year });
}

/** "14:05" in the reader's way. */
export function timeOfDay(time: string): string {
  return new Date(time).toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit' });
}

const KINDS: Record<Point['kind'], string> = {
  automatic: 'Edited',
  named: 'Named',
  'before merge': 'Before a merge with the disk',
  'before restore': 'Before going back',
  'before git': 'Before a git command',
  'from disk': 'As it was on disk'
};

/** Why a version was kept, in a word or two. */
export function reason(point: Point): string {
  return KINDS[point.kind];
}

/** A part of the notebook: cells that differ, one by one, or a run of cells that do not. */
export type Part = { fold: CellChange[] } | { cell: CellChange };

/** Runs of unchanged cells folded together. */
export function folded(cells: readonly CellChange[]): Part[] {
  const parts: Part[] = [];
  for (const cell of cells) {
    const last = parts[parts.length - 1];
    if (cell.change !== 'same' || cell.outputs || cell.moved || cell.settings) {
      parts.push({ cell });
    } else if (last && 'fold' in last) {
      last.fold.push(cell);
    } else {
      parts.push({ fold: [cell] });
    }
  }
  return parts;
}

/** The position of a cell in the version that is looked at; null where that does not have it. */
export function positionIn(diff: Pick<PointDiff, 'point' | 'earlier'>, cell: CellChange): number | null {
  return diff.earlier.id === diff.point.id ? (cell.before ?? null) : (cell.after ?? null);
}
