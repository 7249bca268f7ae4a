import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

/** Somebody, as the shared document's awareness knows them. */
export interface Present {
  username: string;
  name: string;
  color: string;
}

/** The part of y-protocols' Awareness that is used here. */
export interface AwarenessLike {
  readonly clientID: number;
  getStates(): Map<number, Record<string, unknown>>;
  on(name: 'change', handler: () => void): void;
  off(name: 'change', handler: () => void): void;
}

/** Everybody but oneself, each once however many tabs they have, by name. */
export function othersIn(states: Map<number, Record<string, unknown>>, me: string): Present[] {
  const found = new Map<string, Present>();
  for (const state of states.values()) {
    const user = state['user'] as Partial<Record<string, string>> | undefined;
    const username = user?.['username'] ?? user?.['name'];
    if (username && username !== me) {
      const name = user?.['display_name'] || user?.['name'] || username;
      found.set(username, { username, name, color: user?.['color'] ?? '' });
    }
  }
  return [...found.values()].sort((one, other) => one.name.localeCompare(other.name));
}

/** Who else is in one document. */
export class PresenceModel implements IDisposable {
  private readonly _awareness: AwarenessLike;
  private readonly _me: () => string;
  private readonly _changed = new Signal<this, void>(this);
  private _others: readonly Present[] = [];
  private _disposed = false;

  constructor(awareness: AwarenessLike, me: () => string) {
    this._awareness = awareness;
    this._me = me;
    awareness.on('change', this._update);
    this._update();
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get others(): readonly Present[] {
    return this._others;
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  dispose(): void {
    if (!this._disposed) {
      this._disposed = true;
      this._awareness.off('change', this._update);
      Signal.clearData(this);
    }
  }

  private readonly _update = (): void => {
    const others = othersIn(this._awareness.getStates(), this._me());
    // Cursors move many times a second; people come and go rarely.
    if (JSON.stringify(others) !== JSON.stringify(this._others)) {
      this._others = others;
      this._changed.emit();
    }
  };
}
