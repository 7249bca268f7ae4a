import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

/** The field of awareness that is ours. */
export const FIELD = 'atrium';

/** Where somebody is in a notebook. */
export interface Where {
  /** The id of the cell that is theirs; null before they chose one. */
  cell: string | null;
  /** Whether they are writing in it. */
  editing: boolean;
  /** What is at the top of their window, told only while somebody follows. */
  view?: { cell: string; fraction: number };
  /** The client whom they follow. */
  following?: number;
}

/** Somebody, as the shared document's awareness knows them. */
export interface Present {
  username: string;
  name: string;
  color: string;
  /** Their browser's number in this document. */
  client: number;
  where: Where | null;
}

/** The part of y-protocols' Awareness that is used here. */
export interface AwarenessLike {
  readonly clientID: number;
  getStates(): Map<number, Record<string, unknown>>;
  setLocalStateField(field: string, value: unknown): void;
  on(name: 'change', handler: () => void): void;
  off(name: 'change', handler: () => void): void;
}

/** Everybody but oneself, each once however many tabs they have, by name. Who is writing in one is there. */
export function othersIn(states: Map<number, Record<string, unknown>>, me: string): Present[] {
  const found = new Map<string, Present>();
  for (const [client, state] of states) {
    const user = state['user'] as Partial<Record<string, string>> | undefined;
    const username = user?.['username'] ?? user?.['name'];
    if (!username || username === me) {
      continue;
    }
    const where = whereOf(state[FIELD]);
    const before = found.get(username);
    if (before?.where && (before.where.editing || !where)) {
      continue;
    }
    const name = user?.['display_name'] || user?.['name'] || username;
    found.set(username, { username, name, color: user?.['color'] ?? '', client, where });
  }
  return [...found.values()].sort((one, other) => one.name.localeCompare(other.name));
}

/** Others' browsers say where they are: nothing in it is taken for granted. */
function whereOf(value: unknown): Where | null {
  if (typeof value !== 'object' || value === null) {
    return null;
  }
  const { cell, editing, view, following } = value as Partial<Where>;
  return {
    cell: typeof cell === 'string' ? cell : null,
    editing: editing === true,
    ...(typeof view?.cell === 'string' && Number.isFinite(view.fraction) ? { view } : {}),
    ...(typeof following === 'number' ? { following } : {})
  };
}

/** Who else is in one document, and where. */
export class PresenceModel implements IDisposable {
  readonly awareness: AwarenessLike;
  private readonly _me: () => string;
  private readonly _changed = new Signal<this, void>(this);
  private _others: readonly Present[] = [];
  private _disposed = false;

  constructor(awareness: AwarenessLike, me: () => string) {
    this.awareness = awareness;
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
      this.awareness.off('change', this._update);
      Signal.clearData(this);
    }
  }

  private readonly _update = (): void => {
    const others = othersIn(this.awareness.getStates(), this._me());
    // Cursors move many times a second; this is about cells.
    if (JSON.stringify(others) !== JSON.stringify(this._others)) {
      this._others = others;
      this._changed.emit();
    }
  };
}
