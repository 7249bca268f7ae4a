import type { IDisposable } from '@lumino/disposable';

/**
 * Fetches something again: soon after an event, once for many of them, and never twice at a time, so that no answer
 * overtakes a later one.
 *
 * What is asked for while a fetch runs leads to another one, for the running one may have been answered before the
 * change: Lumino's Throttler forgets such a call, and what it showed last would stay.
 */
export class Refresh implements IDisposable {
  private readonly _fetch: () => Promise<void>;
  private readonly _wait: number;
  private _timer: ReturnType<typeof setTimeout> | undefined;
  private _running: Promise<void> | null = null;
  private _next: Promise<void> | null = null;
  private _disposed = false;

  /** `wait` milliseconds pass before what `soon` asks for, so that what follows at once is part of it. */
  constructor(fetch: () => Promise<void>, wait: number) {
    this._fetch = fetch;
    this._wait = wait;
  }

  /** Fetch in a moment; whoever needs to know how that went calls `now`. */
  readonly soon = (): void => {
    if (!this._disposed) {
      this._timer ??= setTimeout(() => void this.now().catch(() => undefined), this._wait);
    }
  };

  /** Fetch; resolves after a fetch that began no earlier than this call. */
  now(): Promise<void> {
    clearTimeout(this._timer);
    this._timer = undefined;
    if (this._running) {
      this._next ??= this._running
        .catch(() => undefined)
        .then(() => {
          this._next = null;
          return this._disposed ? undefined : this.now();
        });
      return this._next;
    }
    this._running = this._fetch().finally(() => {
      this._running = null;
    });
    return this._running;
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  dispose(): void {
    this._disposed = true;
    clearTimeout(this._timer);
  }
}
