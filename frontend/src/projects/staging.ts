import { type ISignal, Signal } from '@lumino/signaling';

import type { Wire } from '../api/wire';

export type PartialFile = Wire<'PartialFile'>;
export type Ticked = 'all' | 'some' | 'none';

/** What is named in a commit: whole files, and of others the names of some of their changes. */
export interface Selection {
  paths: string[];
  partial: PartialFile[];
}

/** What is ticked: files as a whole unless told, or some of their changes. */
export class Staging {
  private readonly _changed = new Signal<this, void>(this);
  private readonly _none = new Set<string>();
  private readonly _some = new Map<string, Set<string>>();

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  state(path: string): Ticked {
    return this._some.has(path) ? 'some' : this._none.has(path) ? 'none' : 'all';
  }

  has(path: string, part: string): boolean {
    return this._some.get(path)?.has(part) ?? !this._none.has(path);
  }

  /** Have the same ticked as there. */
  take(other: Staging): void {
    other._none.forEach(path => this._none.add(path));
    other._some.forEach((parts, path) => this._some.set(path, new Set(parts)));
    this._changed.emit();
  }

  /** Tick a file with everything that changed in it, or nothing of it. */
  tick(path: string, ticked: boolean): void {
    this._set(path, ticked ? 'all' : []);
  }

  /** Tick one of `all` the changes of a file. */
  tickPart(path: string, part: string, ticked: boolean, all: readonly string[]): void {
    this._set(
      path,
      all.filter(one => (one === part ? ticked : this.has(path, one))),
      all
    );
  }

  /** A file has these changes now: those that are new are not ticked where only some were. */
  seen(path: string, parts: readonly string[]): void {
    const some = this._some.get(path);
    if (some && [...some].some(part => !parts.includes(part))) {
      this._set(
        path,
        parts.filter(part => some.has(part))
      );
    }
  }

  /** Of these files, what is ticked. */
  of(paths: readonly string[]): Selection {
    return {
      paths: paths.filter(path => this.state(path) === 'all'),
      partial: paths.flatMap(path => {
        const some = this._some.get(path);
        return some ? [{ path, parts: [...some] }] : [];
      })
    };
  }

  private _set(path: string, ticked: 'all' | string[], all: readonly string[] = []): void {
    this._none.delete(path);
    this._some.delete(path);
    if (ticked !== 'all' && ticked.length === 0) {
      this._none.add(path);
    } else if (ticked !== 'all' && ticked.length !== all.length) {
      this._some.set(path, new Set(ticked));
    }
    this._changed.emit();
  }
}
