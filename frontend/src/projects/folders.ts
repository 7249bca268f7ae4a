import { type ISignal, Signal } from '@lumino/signaling';

import type { Client } from '../api/client';
import type { Operation, OperationModel, Operations } from '../api/operations';
import type { Wire } from '../api/wire';
import type { Ticked } from './staging';

export type Folder = Wire<'Folder'>;

/** Folders from the repository's top, none within another; null: everything. */
export type Choice = readonly string[] | null;

/** The folders of a project, which of them are checked out, and which somebody is about to choose. */
export class Folders {
  private readonly _client: Client;
  private readonly _operations: Operations;
  private readonly _url: string;
  private readonly _changed = new Signal<this, void>(this);
  private readonly _inside = new Map<string, readonly Folder[]>();
  private readonly _open = new Set<string>();
  private _total = { files: 0, bytes: 0 };
  private _chosen: Choice = null;
  private _draft: Choice = null;
  private _checkingOut: OperationModel | null = null;

  constructor(client: Client, operations: Operations, project: string) {
    this._client = client;
    this._operations = operations;
    this._url = `projects/${project}/folders`;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Of everything. */
  get total(): { files: number; bytes: number } {
    return this._total;
  }

  get draft(): Choice {
    return this._draft;
  }

  /** Whether the draft is something else than what is checked out. */
  get edited(): boolean {
    return JSON.stringify(this._draft) !== JSON.stringify(this._chosen);
  }

  /** What is being checked out. */
  get checkingOut(): OperationModel | null {
    return this._checkingOut;
  }

  /** Those that are seen, in their order; null until the first answer. */
  get rows(): readonly Folder[] | null {
    return this._inside.has('') ? this._below('') : null;
  }

  isOpen(path: string): boolean {
    return this._open.has(path);
  }

  /** What is checked out, with the folders around it open. */
  async load(): Promise<void> {
    this._inside.clear();
    this._open.clear();
    const top = await this._fetch('');
    this._total = { files: top.files, bytes: top.bytes };
    this._chosen = this._draft = top.chosen ?? null;
    const around = new Set((this._chosen ?? []).flatMap(above));
    await Promise.all([...around].map(path => this.open(path)));
    this._changed.emit();
  }

  /** See what is in a folder. */
  async open(path: string): Promise<void> {
    if (!this._inside.has(path)) {
      await this._fetch(path);
    }
    this._open.add(path);
    this._changed.emit();
  }

  close(path: string): void {
    this._open.delete(path);
    this._changed.emit();
  }

  ticked(path: string): Ticked {
    return tickedIn(this._draft, path);
  }

  /** Everything, or nothing but the files at the top. */
  tickAll(ticked: boolean): void {
    this._draft = ticked ? null : [];
    this._changed.emit();
  }

  tick(path: string, ticked: boolean): void {
    this._draft = withTick(this._draft, path, ticked, folder =>
      (this._inside.get(folder) ?? []).map(one => one.path)
    );
    this._changed.emit();
  }

  /** Of the draft, but for single files above its folders. */
  get sum(): { files: number; bytes: number } {
    if (!this._draft) {
      return this._total;
    }
    const known = new Map([...this._inside.values()].flat().map(one => [one.path, one]));
    return this._draft.reduce(
      (sum, path) => ({
        files: sum.files + (known.get(path)?.files ?? 0),
        bytes: sum.bytes + (known.get(path)?.bytes ?? 0)
      }),
      { files: 0, bytes: 0 }
    );
  }

  /** Have the draft checked out. Resolves to false when it was cancelled. */
  async checkOut(): Promise<boolean> {
    const started = await this._client.request<Operation>('PUT', this._url, { folders: this._draft });
    this._checkingOut = this._operations.follow(started);
    this._changed.emit();
    try {
      await this._checkingOut.done;
      const done = this._checkingOut.operation?.state !== 'cancelled';
      if (done) {
        this._chosen = this._draft;
      }
      return done;
    } finally {
      this._checkingOut = null;
      this._changed.emit();
    }
  }

  private _below(path: string): Folder[] {
    return (this._inside.get(path) ?? []).flatMap(one => [
      one,
      ...(this._open.has(one.path) ? this._below(one.path) : [])
    ]);
  }

  private async _fetch(within: string): Promise<Wire<'FolderList'>> {
    const listed = await this._client.request<Wire<'FolderList'>>('GET', this._url, undefined, {
      query: { within }
    });
    this._inside.set(within, listed.folders);
    return listed;
  }
}

/** How deep a folder lies. */
export function depth(path: string): number {
  return path.split('/').length - 1;
}

/** The folders that a folder is in, the one at the top first. */
export function above(path: string): string[] {
  const parts = path.split('/');
  return parts.slice(1).map((_, number) => parts.slice(0, number + 1).join('/'));
}

export function tickedIn(choice: Choice, path: string): Ticked {
  if (!choice || choice.includes(path) || above(path).some(one => choice.includes(one))) {
    return 'all';
  }
  return choice.some(one => one.startsWith(`${path}/`)) ? 'some' : 'none';
}

/** A choice with a folder more, or less. `inside`: the folders directly in one ("" for the top). */
export function withTick(
  choice: Choice,
  path: string,
  ticked: boolean,
  inside: (folder: string) => readonly string[]
): string[] {
  const others = (choice ?? inside('')).filter(one => one !== path && !one.startsWith(`${path}/`));
  if (ticked) {
    return [...others, path].sort();
  }
  const whole = above(path).find(one => others.includes(one));
  if (!whole) {
    return others.sort();
  }
  // What was in as a whole is in without this one: with everything else in each folder on the way.
  const way = [...above(path).slice(above(path).indexOf(whole)), path];
  const beside = way.slice(0, -1).flatMap(folder => inside(folder).filter(one => !way.includes(one)));
  return [...others.filter(one => one !== whole), ...beside].sort();
}

/** Which folders, in a few words. */
export function summary(choice: Choice): string {
  if (!choice) {
    return 'Everything';
  }
  if (!choice.length) {
    return 'Top-level files only';
  }
  return choice.length > 2 ? `${choice.length} folders` : choice.join(', ');
}
