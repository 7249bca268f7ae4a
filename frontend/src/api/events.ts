import type { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';

/** Something has changed; what it is now is fetched through REST. */
export interface Event {
  /** The room it is of, for example `projects`. */
  room: string;
  id: string;
  /** Only ever grows while one server process lives. */
  version: number;
  action: string;
}

/** The part of the browser's EventSource that is used here. */
export interface EventSourceLike {
  onopen: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
  close(): void;
}

export interface EventsOptions {
  open?: (url: string) => EventSourceLike;
  /** A number in [0, 1) that spreads reconnecting browsers over time. */
  random?: () => number;
}

export const FIRST_DELAY_MS = 1_000;
export const LONGEST_DELAY_MS = 30_000;
/** Browsers allow six connections to a host over HTTP/1.1, so tabs that nobody looks at let theirs go. */
export const HIDDEN_MS = 60_000;

/** How long to wait before attempt `attempt` (0 is the first): doubling, capped, spread over half of it. */
export function reconnectDelay(attempt: number, random: number): number {
  const delay = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** attempt);
  return Math.round(delay * (0.5 + random / 2));
}

/** One event of the stream; null when it is none. */
export function parseEvent(data: unknown): Event | null {
  try {
    const value = JSON.parse(String(data)) as Partial<Event> | null;
    if (typeof value?.room === 'string' && typeof value.id === 'string') {
      return {
        room: value.room,
        id: value.id,
        version: Number(value.version ?? 0),
        action: String(value.action ?? '')
      };
    }
  } catch {
    // Not ours: a proxy's page, or a line of a newer server.
  }
  return null;
}

/** The server's events, over one connection that all rooms share and that mends itself. */
export class Events implements IDisposable {
  private readonly _url: string;
  private readonly _open: (url: string) => EventSourceLike;
  private readonly _random: () => number;
  private readonly _changed = new Signal<this, Event>(this);
  private readonly _refetch = new Signal<this, void>(this);
  private readonly _connectedChanged = new Signal<this, boolean>(this);
  private _source: EventSourceLike | null = null;
  private _timer: ReturnType<typeof setTimeout> | null = null;
  private _hiddenTimer: ReturnType<typeof setTimeout> | null = null;
  private _attempt = 0;
  private _connected = false;
  private _everConnected = false;
  private _disposed = false;

  constructor(url: string, options: EventsOptions = {}) {
    this._url = url;
    this._open = options.open ?? (address => new EventSource(address));
    this._random = options.random ?? Math.random;
    window.addEventListener('online', this._reconnectNow);
    document.addEventListener('visibilitychange', this._onVisibility);
    this._connect();
  }

  /** Every event. */
  get changed(): ISignal<this, Event> {
    return this._changed;
  }

  /** Events may have been missed: fetch again whatever is shown. */
  get refetch(): ISignal<this, void> {
    return this._refetch;
  }

  get connectedChanged(): ISignal<this, boolean> {
    return this._connectedChanged;
  }

  get connected(): boolean {
    return this._connected;
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  /**
   * Call `handler` for every event of `room`, and with null when everything should be fetched again.
   * Dispose the answer to stop.
   */
  on(room: string, handler: (event: Event | null) => void): IDisposable {
    const onChanged = (_: unknown, event: Event) => event.room === room && handler(event);
    const onRefetch = () => handler(null);
    this._changed.connect(onChanged);
    this._refetch.connect(onRefetch);
    let disposed = false;
    return {
      get isDisposed() {
        return disposed;
      },
      dispose: () => {
        disposed = true;
        this._changed.disconnect(onChanged);
        this._refetch.disconnect(onRefetch);
      }
    };
  }

  dispose(): void {
    if (this._disposed) {
      return;
    }
    this._disposed = true;
    window.removeEventListener('online', this._reconnectNow);
    document.removeEventListener('visibilitychange', this._onVisibility);
    this._clearTimers();
    this._close();
    Signal.clearData(this);
  }

  private _connect(): void {
    const source = this._open(this._url);
    this._source = source;
    source.onopen = () => {
      this._attempt = 0;
      this._setConnected(true);
      if (this._everConnected) {
        this._refetch.emit();
      }
      this._everConnected = true;
    };
    source.onmessage = (message: { data: unknown }) => {
      const event = parseEvent(message.data);
      if (event) {
        this._changed.emit(event);
      }
    };
    // EventSource retries after a dropped connection but gives up after an HTTP error, and both must be survived:
    // so every retry is ours.
    source.onerror = () => {
      this._close();
      this._timer = setTimeout(this._reconnectNow, reconnectDelay(this._attempt, this._random()));
      this._attempt += 1;
    };
  }

  private _close(): void {
    if (this._source) {
      this._source.onopen = this._source.onmessage = this._source.onerror = null;
      this._source.close();
      this._source = null;
    }
    this._setConnected(false);
  }

  private _setConnected(connected: boolean): void {
    if (connected !== this._connected) {
      this._connected = connected;
      this._connectedChanged.emit(connected);
    }
  }

  private _clearTimers(): void {
    for (const timer of [this._timer, this._hiddenTimer]) {
      if (timer !== null) {
        clearTimeout(timer);
      }
    }
    this._timer = this._hiddenTimer = null;
  }

  private readonly _reconnectNow = (): void => {
    if (!this._disposed && this._source === null) {
      this._clearTimers();
      this._connect();
    }
  };

  private readonly _onVisibility = (): void => {
    if (document.visibilityState === 'visible') {
      if (this._hiddenTimer !== null) {
        clearTimeout(this._hiddenTimer);
        this._hiddenTimer = null;
      }
      this._reconnectNow();
    } else {
      this._hiddenTimer ??= setTimeout(() => {
        this._clearTimers();
        this._close();
      }, HIDDEN_MS);
    }
  };
}
