import { type ISignal, Signal } from '@lumino/signaling';

import type { Client } from '../api/client';
import type { Operation } from '../api/operations';
import type { Wire } from '../api/wire';

export type Pulled = Wire<'Pulled'>;
export type MergeConflict = Wire<'MergeConflict'>;
export type MergeChoice = Wire<'MergeChoice'>;
export type Side = MergeChoice['take'];

export interface PullingOptions {
  client: Client;
  /** An address of the branch. */
  url: (what: string) => string;
  /** Write open documents to the disk. */
  save: () => Promise<void>;
  /** Show how far it is; what it came to, null where it failed. */
  follow: (started: Operation) => Promise<Operation | null>;
}

/** Others' commits that come into a branch: asks where both changed the same, and can be taken back. */
export class Pulling {
  private readonly _options: PullingOptions;
  private readonly _changed = new Signal<this, void>(this);
  private readonly _choices = new Map<string, MergeChoice>();
  private _wanted: { source: string; how: 'merge' | 'rebase' } = { source: '', how: 'merge' };
  private _conflicts: readonly MergeConflict[] = [];
  private _pulled: Pulled | null = null;

  constructor(options: PullingOptions) {
    this._options = options;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** What both sides changed. While there is something, nothing has been pulled. */
  get conflicts(): readonly MergeConflict[] {
    return this._conflicts;
  }

  /** Whose commits they are: the branch of the remote; empty for the one of the same name. */
  get source(): string {
    return this._wanted.source;
  }

  /** What came last and can be taken back. */
  get pulled(): Pulled | null {
    return this._pulled;
  }

  /** How many are still to be chosen. */
  get open(): number {
    return this._conflicts.filter(({ of }) => !this._choices.has(of)).length;
  }

  choice(conflict: MergeConflict): MergeChoice | null {
    return this._choices.get(conflict.of) ?? null;
  }

  /** Choose a version, or what takes its place. */
  choose(conflict: MergeConflict, take: Side, text = both(conflict)): void {
    this._choices.set(conflict.of, { of: conflict.of, take, text: take === 'edited' ? text : '' });
    this._changed.emit();
  }

  /** Bring in the remote's commits of this branch, or of another one. */
  async pull(source = '', how: 'merge' | 'rebase' = 'merge'): Promise<void> {
    this._wanted = { source, how };
    this._choices.clear();
    await this.goOn();
  }

  /** Pull with what was chosen. */
  async goOn(): Promise<void> {
    await this._options.save();
    const started = await this._options.client.request<Operation>('POST', this._options.url('pull'), {
      ...this._wanted,
      choices: [...this._choices.values()]
    });
    const ended = await this._options.follow(started);
    if (ended?.state === 'succeeded') {
      const pulled = ended.result as Pulled;
      this._conflicts = pulled.conflicts ?? [];
      this._pulled = pulled.backup ? pulled : null;
      this._changed.emit();
    }
  }

  /** Leave everything as it was. */
  cancel(): void {
    this._conflicts = [];
    this._choices.clear();
    this._changed.emit();
  }

  async undo(): Promise<void> {
    const { url, client } = this._options;
    await client.request('POST', url('undo-pull'), { backup: this._pulled?.backup ?? '' });
    this._pulled = null;
    this._changed.emit();
  }
}

/** Both versions, one below the other: to begin with when one edits. */
export function both({ mine, theirs }: MergeConflict): string {
  return [mine, theirs].filter(text => text !== null && text !== undefined).join('\n');
}

/** How a side changed what was there before, as the lines of a diff. */
export function change(base: string | null | undefined, side: string): string {
  const lines = (text: string, sign: string) => text.split('\n').map(line => sign + line);
  return [...(base ? lines(base, '-') : []), ...lines(side, '+')].join('\n');
}
