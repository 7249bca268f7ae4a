import type { Client } from '../api/client';
import type { Events } from '../api/events';
import { ThreadsModel } from './model';

/** The threads of files that reviews show; a file's are fetched once, however many of its cells are shown. */
export class Discussions {
  private readonly _client: Client;
  private readonly _events: Events;
  private readonly _used = new Map<string, { model: ThreadsModel; times: number }>();

  constructor(client: Client, events: Events) {
    this._client = client;
    this._events = events;
  }

  /** The threads of a file, which whoever draws them holds. */
  of(path: string): ThreadsModel {
    return this._entry(path).model;
  }

  /** Keep the threads of a file until the function that is returned is called. */
  hold(path: string): () => void {
    this._entry(path).times += 1;
    return () => {
      const used = this._used.get(path);
      if (used && --used.times === 0) {
        this._used.delete(path);
        used.model.dispose();
      }
    };
  }

  private _entry(path: string): { model: ThreadsModel; times: number } {
    let used = this._used.get(path);
    if (!used) {
      used = { model: new ThreadsModel(this._client, this._events, path), times: 0 };
      void used.model.refresh();
      this._used.set(path, used);
    }
    return used;
  }
}
