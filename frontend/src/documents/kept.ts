import type { Typed } from './edits';

/** Changes that a browser keeps until the server has them, so that the end of a page does not lose them. */
export interface Kept {
  /** Room, lineage and page: pages do not overwrite each other's. */
  key: string;
  person: string;
  /** The room, and the lineage of its document: a change fits no other. */
  room: string;
  session: string;
  path: string;
  /** How many, as a person counts. */
  changes: number;
  /** What Yjs needs to merge them. */
  update: Uint8Array;
  /** The same for people: the sources of the cells, or the text, that were changed. */
  texts: string[];
  /** What was typed, cell by cell: where a cell was moved meanwhile, `update` changes nothing that is left. */
  typed?: Typed[];
  /** Milliseconds since 1970. */
  at: number;
}

export interface KeptStore {
  put(kept: Kept): Promise<void>;
  delete(key: string): Promise<void>;
  /** Everything that a person left behind, the oldest first. */
  of(person: string): Promise<Kept[]>;
}

const DATABASE = 'atrium-changes';
const STORE = 'changes';
/** What nobody came back for. */
const OLDEST_MS = 60 * 24 * 3600 * 1000;

/** In the browser's own database. Where there is none, as in some private windows, its promises reject. */
export class BrowserStore implements KeptStore {
  private _database: Promise<IDBDatabase> | null = null;

  async put(kept: Kept): Promise<void> {
    await this._do('readwrite', store => store.put(kept));
  }

  async delete(key: string): Promise<void> {
    await this._do('readwrite', store => store.delete(key));
  }

  async of(person: string): Promise<Kept[]> {
    const all = await this._do<Kept[]>('readonly', store => store.getAll());
    const old = all.filter(({ at }) => at < Date.now() - OLDEST_MS);
    await Promise.all(old.map(({ key }) => this.delete(key)));
    return all
      .filter(kept => kept.person === person && !old.includes(kept))
      .sort((one, other) => one.at - other.at);
  }

  private _open(): Promise<IDBDatabase> {
    this._database ??= new Promise((resolve, reject) => {
      const request = indexedDB.open(DATABASE, 1);
      request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: 'key' });
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(new Error(request.error?.message));
    });
    return this._database;
  }

  private async _do<T = unknown>(
    mode: IDBTransactionMode,
    act: (store: IDBObjectStore) => IDBRequest
  ): Promise<T> {
    const database = await this._open();
    return new Promise((resolve, reject) => {
      const transaction = database.transaction(STORE, mode, { durability: 'strict' });
      const request = act(transaction.objectStore(STORE));
      transaction.oncomplete = () => resolve(request.result as T);
      transaction.onerror = transaction.onabort = () => reject(new Error(transaction.error?.message));
    });
  }
}
