import { type ISignal, Signal } from '@lumino/signaling';

import type { Client } from '../api/client';
import type { Events } from '../api/events';
import type { Wire } from '../api/wire';
import type { Person } from './model';

/** Who is here, for `@` and for knowing one's own comments. */
export class PeopleModel {
  private readonly _client: Client;
  private readonly _changed = new Signal<this, void>(this);
  private _people: readonly Person[] = [];
  private _me: Person | null = null;

  constructor(client: Client, events: Events) {
    this._client = client;
    events.on('access', () => void this.refresh());
    void this.refresh();
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get people(): readonly Person[] {
    return this._people;
  }

  /** Null until it is known. */
  get me(): Person | null {
    return this._me;
  }

  async refresh(): Promise<void> {
    try {
      const [people, me] = await Promise.all([
        this._client.request<Wire<'PersonList'>>('GET', 'people'),
        this._client.request<Person>('GET', 'me')
      ]);
      this._people = people.people;
      this._me = me;
      this._changed.emit();
    } catch (error) {
      // Completion and the author's own buttons wait for the next event; comments work without them.
      console.warn('Atrium: people could not be fetched.', error);
    }
  }
}
