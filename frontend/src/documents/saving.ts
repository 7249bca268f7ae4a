import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

/** After the last change, and at most after the first one that is not covered yet. */
export const MARK_MS = 150;
export const MARK_AT_MOST_MS = 1_000;
/** A server that has not answered for so long is as good as gone. */
export const ANSWER_MS = 5_000;
/** A connection that is back within this time was never worth a word. */
export const BLINK_MS = 1_000;
/** Changes in one place that follow each other faster are one change, as a person counts. */
export const TOGETHER_MS = 1_000;

/**
 * - `opening`: not loaded yet
 * - `saved`: the server has journaled all that was typed here
 * - `saving`: on its way
 * - `offline`: the server does not answer; it will be sent
 * - `failed`: the server cannot save; `reason` says why
 * - `ended`: what was typed here since will never be sent; `reason` says why
 */
export type SaveState = 'opening' | 'saved' | 'saving' | 'offline' | 'failed' | 'ended';

/** What keeps a document from being saved: its file, the server's journal, or that this person may not (any more). */
export type Hindrance = 'file' | 'journal' | 'access';

export interface SavingOptions {
  /** Ask the server to answer once it has all; false when that cannot be sent. */
  mark: (id: number) => boolean;
}

/** How far what was typed here has come, for one document. */
export class Saving implements IDisposable {
  private readonly _mark: (id: number) => boolean;
  private readonly _changed = new Signal<this, void>(this);
  private readonly _covers = new Signal<this, void>(this);
  private _edits = 0;
  private _covered = 0;
  private _kept = 0;
  private _held = 0;
  /** The last edit of each change that is not covered. */
  private _open: number[] = [];
  private _last: { place: string; at: number } | null = null;
  private _firstAt = 0;
  private _sent: { id: number; upTo: number } | null = null;
  private _ids = 0;
  private _connected = false;
  private _answers = true;
  private _away = true;
  private _opened = false;
  private _savedAt: Date | null = null;
  private readonly _reasons = new Map<Hindrance, string>();
  private _ended: string | null = null;
  private _timer: ReturnType<typeof setTimeout> | null = null;
  private _watch: ReturnType<typeof setTimeout> | null = null;
  private _disposed = false;

  constructor(options: SavingOptions) {
    this._mark = options.mark;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** All that was typed here is journaled. */
  get covers(): ISignal<this, void> {
    return this._covers;
  }

  get state(): SaveState {
    if (this._ended !== null) {
      return 'ended';
    }
    if (!this._opened) {
      return 'opening';
    }
    if (this._reasons.size > 0) {
      return 'failed';
    }
    if (this._away) {
      return 'offline';
    }
    return this.pending ? 'saving' : 'saved';
  }

  /** How many changes the server does not have for sure, counted as a person would. */
  get changes(): number {
    return this._open.length + this._held;
  }

  get pending(): boolean {
    return this._behind || this._held > 0;
  }

  /** Whether closing the page now would lose something. */
  get unsafe(): boolean {
    return this.pending && this._edits > this._kept;
  }

  /** Whether everything that is not saved survives the end of this page. */
  get kept(): boolean {
    return this.pending && !this.unsafe;
  }

  /** When the server last had everything; null before anything was typed. */
  get savedAt(): Date | null {
    return this._savedAt;
  }

  get reason(): string {
    return this._ended ?? [...this._reasons.values()].join(' ');
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  /**
   * Something was typed, moved or deleted here.
   *
   * @param place - where: what happens in one place without a pause counts once
   */
  touch(place: string, now = Date.now()): void {
    const last = this._last;
    const goesOn = last?.place === place && now - last.at < TOGETHER_MS;
    if (!this._behind) {
      this._firstAt = now;
    }
    this._edits += 1;
    if (goesOn) {
      this._open.pop();
    }
    this._open.push(this._edits);
    this._last = { place, at: now };
    this._plan(now);
    this._emit();
  }

  /** Something is on its way that marks say nothing of, until `release`. */
  hold(): void {
    const { _behind } = this;
    this._held += 1;
    this._edits += 1;
    if (!_behind) {
      this._covered = this._edits;
    }
    this._emit();
  }

  release(): void {
    this._held -= 1;
    if (!this.pending) {
      this._all();
    }
    this._emit();
  }

  /** The connection is there, and the server has been sent whatever it lacked. */
  connected(): void {
    this._connected = true;
    this._opened = true;
    this._sent = null;
    this._reasons.delete('access');
    this._back();
    if (this._behind) {
      this._ask();
    }
    this._emit();
  }

  disconnected(): void {
    if (!this._connected) {
      return;
    }
    this._connected = false;
    this._sent = null;
    this._expect(BLINK_MS);
    this._emit();
  }

  /** The server has everything that was sent before mark `id`. */
  marked(id: number): void {
    if (this._sent?.id !== id) {
      return;
    }
    this._cover(this._sent.upTo);
    this._sent = null;
    this._back();
    if (this._behind) {
      this._firstAt = Date.now();
      this._plan(Date.now());
    } else if (!this.pending) {
      this._all();
    }
    this._emit();
  }

  /** What was typed up to now (`upTo` of `reach`) would survive this page. */
  keptUpTo(upTo: number): void {
    this._kept = Math.max(this._kept, upTo);
    this._emit();
  }

  /** How much was typed so far, to tell `keptUpTo` later. */
  get reach(): number {
    return this._edits;
  }

  /** Why it cannot be saved; with null, that it can again. */
  fail(hindrance: Hindrance, reason: string | null): void {
    const changed = reason === null ? this._reasons.delete(hindrance) : true;
    if (reason !== null) {
      this._reasons.set(hindrance, reason);
    }
    if (changed) {
      this._emit();
    }
  }

  /** This document's connection is over for good. */
  end(reason: string): void {
    this._ended = reason;
    this._connected = false;
    this._sent = null;
    this._stop();
    this._emit();
  }

  /** What was typed is lost or taken care of elsewhere. */
  abandon(): void {
    this._cover(this._edits);
    this._emit();
  }

  dispose(): void {
    if (!this._disposed) {
      this._disposed = true;
      this._stop();
      Signal.clearData(this);
    }
  }

  /** Whether the server has stopped answering although the connection seems to be there. */
  get silent(): boolean {
    return this._connected && !this._answers;
  }

  /** Whether something was typed that no mark has covered. */
  private get _behind(): boolean {
    return this._edits > this._covered;
  }

  private _all(): void {
    this._savedAt = new Date();
    this._last = null;
    this._covers.emit();
  }

  private _cover(upTo: number): void {
    this._covered = Math.max(this._covered, upTo);
    this._open = this._open.filter(edit => edit > this._covered);
  }

  private _plan(now: number): void {
    if (!this._connected || this._sent || this._ended !== null) {
      return;
    }
    const wait = Math.max(0, Math.min(MARK_MS, this._firstAt + MARK_AT_MOST_MS - now));
    clearTimeout(this._timer ?? undefined);
    this._timer = setTimeout(() => this._ask(), wait);
  }

  private _ask(): void {
    clearTimeout(this._timer ?? undefined);
    if (this._disposed || !this._connected || this._sent || !this._behind) {
      return;
    }
    const id = ++this._ids;
    if (this._mark(id)) {
      this._sent = { id, upTo: this._edits };
      this._expect(ANSWER_MS);
    }
  }

  private _expect(within: number): void {
    clearTimeout(this._watch ?? undefined);
    this._watch = setTimeout(() => {
      this._away = true;
      this._answers = false;
      this._emit();
    }, within);
  }

  private _back(): void {
    clearTimeout(this._watch ?? undefined);
    this._answers = true;
    this._away = false;
  }

  private _stop(): void {
    clearTimeout(this._timer ?? undefined);
    clearTimeout(this._watch ?? undefined);
  }

  private _emit(): void {
    if (!this._disposed) {
      this._changed.emit();
    }
  }
}
