import type { IDocumentProvider } from '@jupyter/collaborative-drive';
import type { IDocumentProviderFactory } from '@jupyter/docprovider';
import type { DocumentChange, YDocument } from '@jupyter/ydoc';
import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection, type User } from '@jupyterlab/services';
import { PromiseDelegate } from '@lumino/coreutils';
import { type ISignal, Signal } from '@lumino/signaling';
import * as decoding from 'lib0/decoding';
import { messageSync, WebsocketProvider } from 'y-websocket';

import { type ApiError, asApiError, inOne } from '../api/errors';
import { Edits } from './edits';
import { type Answer, type Asked, encodeAsked, type Notice, RAW, readTold } from './frames';
import { Keeper } from './keeper';
import type { KeptStore } from './kept';
import { Rescue } from './rescue';
import { CLOSED, HINDRANCES, requestSession, type Session } from './session';
import { Saving } from './saving';

const ROOM = 'api/collaboration/room';

/** Between two tries to open what the server did not answer for. */
const RETRY_MS = 2_000;
/** After so many connections in vain, ask why. */
const IN_VAIN = 3;
/** A connection on which nothing is answered for so long is closed, so that another one is tried. */
const SILENT_MS = 15_000;
/** How often a document may turn out to be another one while it is opened. */
const REOPENINGS = 3;

type Options = IDocumentProviderFactory.IOptions & { kept: KeptStore };

/** One shared document's connection to its room on the server. */
export class RoomConnection implements IDocumentProvider {
  readonly saving: Saving;
  readonly edits: Edits;
  readonly rescue: Rescue;
  readonly keeper: Keeper;
  readonly contentType: string;
  readonly format: string;
  readonly model: YDocument<DocumentChange>;
  private readonly _user: User.IManager;
  private readonly _settings: ServerConnection.ISettings;
  private readonly _ready = new PromiseDelegate<void>();
  private readonly _told = new Signal<this, Notice>(this);
  private readonly _replaced = new Signal<this, void>(this);
  private readonly _asked = new Map<number, PromiseDelegate<void>>();
  private readonly _path: string;
  private _session: Session | null = null;
  private _socket: WebsocketProvider | null = null;
  private _opened = false;
  private _answered = false;
  private _reopenings = 0;
  private _saves = 0;
  private _disposed = false;
  private _retry: ReturnType<typeof setTimeout> | null = null;
  private _silence: ReturnType<typeof setTimeout> | null = null;

  constructor(options: Options) {
    this.contentType = options.contentType;
    this.format = options.format;
    this.model = options.model;
    this._path = options.path;
    this._user = options.user;
    this._settings = options.serverSettings ?? ServerConnection.makeSettings();
    this.saving = new Saving({ mark: this._mark });
    this.edits = new Edits(this.model, () => this._socket);
    this.rescue = new Rescue(this.edits, this.saving, (id, { cell, base, text }) =>
      this._send('rescue', id, cell, base, text)
    );
    this.keeper = new Keeper(options.kept, this);
    this.edits.made.connect((_, place) => this.saving.touch(place));
    this.saving.covers.connect(() => this.edits.clear());
    this.saving.changed.connect(this._onSilence);
    void this._ready.promise.catch(() => undefined);
    void this._user.ready.then(this._introduce);
    this._user.userChanged.connect(this._introduce);
    window.addEventListener('online', this._hurry);
    window.addEventListener('offline', this._onOffline);
    this.model.changed.connect(this._onState);
    void this._open();
  }

  /** Resolves once the document is loaded; rejects with what to tell the person. */
  get ready(): Promise<void> {
    return this._ready.promise;
  }

  /** What the room says to everybody in it. */
  get told(): ISignal<this, Notice> {
    return this._told;
  }

  /** The server has another document under this path now; nothing that was typed here waits. */
  get replaced(): ISignal<this, void> {
    return this._replaced;
  }

  get connected(): boolean {
    return this._socket?.wsconnected === true;
  }

  /** Whether this person may change the document; true until the server says otherwise. */
  get writable(): boolean {
    return this._session?.writable !== false;
  }

  /** The room's id; empty until it is known. */
  get id(): string {
    const session = this._session;
    return session ? `${session.format}:${session.type}:${session.fileId}` : '';
  }

  get session(): string {
    return this._session?.sessionId ?? '';
  }

  get person(): string {
    return this._user.identity?.username ?? '';
  }

  get path(): string {
    const path = this.model.getState('path');
    return typeof path === 'string' && path ? path : this._path;
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  /** Write the file now. Rejects with why it could not be. */
  async save(): Promise<void> {
    const id = ++this._saves;
    const answer = new PromiseDelegate<void>();
    this._asked.set(id, answer);
    if (!this.connected || !this._send('save', id)) {
      this._asked.delete(id);
      throw new Offline();
    }
    await answer.promise;
  }

  async reconnect(): Promise<void> {
    this._close();
    await this._open();
  }

  connectToForkDoc(): Promise<void> {
    return Promise.reject(new Error('Documents have no forks here.'));
  }

  dispose(): void {
    if (this._disposed) {
      return;
    }
    this._disposed = true;
    this.keeper.dispose();
    this.model.changed.disconnect(this._onState);
    this._user.userChanged.disconnect(this._introduce);
    window.removeEventListener('online', this._hurry);
    window.removeEventListener('offline', this._onOffline);
    clearTimeout(this._retry ?? undefined);
    clearTimeout(this._silence ?? undefined);
    this._close();
    this.rescue.dispose();
    this.edits.dispose();
    this.saving.dispose();
    Signal.clearData(this);
  }

  private async _open(): Promise<void> {
    let session: Session;
    try {
      session = await this._ask();
    } catch (error) {
      this._onRefused(asApiError(error));
      return;
    }
    if (this._disposed) {
      return;
    }
    this._session = session;
    this._connect(session);
  }

  private _ask(): Promise<Session> {
    return requestSession(this._settings, this.path, this.format, this.contentType);
  }

  private _onRefused(error: ApiError): void {
    if (this._disposed) {
      return;
    }
    if (error.status === 0 || error.status >= 500) {
      this._retry = setTimeout(() => void this._open(), RETRY_MS);
    } else if (this._opened) {
      this._end(inOne(error));
    } else {
      this._reject(error.message);
    }
  }

  private _connect(session: Session): void {
    const { token } = this._settings;
    const params: Record<string, string> = { sessionId: session.sessionId };
    if (this._settings.appendToken && token) {
      params['token'] = token;
    }
    const socket = new WebsocketProvider(
      URLExt.join(this._settings.wsUrl, ROOM),
      this.id,
      // Yjs is one and the same at run time, but its types come from two packages.
      this.model.ydoc,
      {
        connect: false,
        disableBc: true,
        params,
        awareness: this.model.awareness,
        WebSocketPolyfill: this._settings.WebSocket
      }
    );
    this._socket = socket;
    this._answered = false;
    this._listen(socket);
    socket.on('sync', this._onSync);
    socket.on('connection-close', this._onClosed);
    socket.connect();
  }

  /** Notice the server asking for what it lacks, and the messages that are its own. */
  private _listen(socket: WebsocketProvider): void {
    const { messageHandlers } = socket;
    const sync = messageHandlers[messageSync];
    messageHandlers[messageSync] = (encoder, decoder, provider, emitSynced, type) => {
      const asks = decoding.peekVarUint(decoder) === 0;
      sync?.(encoder, decoder, provider, emitSynced, type);
      if (asks) {
        // The answer is sent when this returns. Only after it may a mark cover what was typed offline.
        queueMicrotask(() => {
          this._answered = true;
          this._onSync(socket.synced);
        });
      }
    };
    messageHandlers[RAW] = (_, decoder) => {
      const told = readTold(decoder);
      if (told?.type === 'notice') {
        this._onNotice(told);
      } else if (told) {
        this._onAnswer(told);
      }
    };
  }

  private readonly _onSync = (synced: boolean): void => {
    if (!synced || !this._answered || this._disposed) {
      return;
    }
    if (!this._opened) {
      this._opened = true;
      this._ready.resolve();
    }
    this.keeper.merge();
    this.rescue.connected();
    this.saving.connected();
  };

  private readonly _onClosed = (event: CloseEvent | null): void => {
    this._answered = false;
    this.saving.disconnected();
    for (const answer of this._asked.values()) {
      answer.reject(new Offline());
    }
    this._asked.clear();
    const code = event?.code ?? 0;
    if (code === 1003) {
      this._onStranger(event?.reason ?? '');
    } else if (CLOSED[code] && (code !== 4500 || !this._opened)) {
      if (this._opened) {
        this._end(CLOSED[code]);
      } else {
        this._reject(CLOSED[code]);
      }
    } else if ((this._socket?.wsUnsuccessfulReconnects ?? 0) % IN_VAIN === IN_VAIN - 1) {
      void this._askWhy();
    }
  };

  /** The server does not know this lineage of the document, or cannot go on with it. */
  private _onStranger(reason: string): void {
    let told: { reason?: string; errorReason?: string } = {};
    try {
      told = JSON.parse(reason) as typeof told;
    } catch {
      // Said by something in between.
    }
    this._close();
    if (!this._opened) {
      if (told.reason === 'initialization_error' || ++this._reopenings > REOPENINGS) {
        this._reject(told.errorReason || 'The server could not open the file.');
      } else {
        void this._open();
      }
    } else {
      this._leave();
    }
  }

  /** A WebSocket that is refused does not say why; a request does. */
  private async _askWhy(): Promise<void> {
    try {
      const { sessionId } = await this._ask();
      if (!this._disposed && this._opened && this._socket && sessionId !== this.session) {
        this._close();
        this._leave();
      }
    } catch (error) {
      const failure = asApiError(error);
      if (this._opened && (failure.status === 401 || failure.status === 403)) {
        this.saving.fail('access', inOne(failure));
      }
    }
  }

  /** This lineage is over. Whoever has typed since the last mark keeps it in front of them. */
  private _leave(): void {
    if (this.saving.pending) {
      this._end('The file was replaced on the server while you were not connected to it.');
    } else {
      this.saving.end('The file was replaced on the server.');
      this._replaced.emit();
    }
  }

  private _end(reason: string): void {
    this._close();
    this.saving.end(reason);
  }

  private _reject(reason: string): void {
    this._close();
    this._ready.reject(reason);
    this.model.dispose();
  }

  private _close(): void {
    const socket = this._socket;
    this._socket = null;
    if (socket) {
      socket.off('sync', this._onSync);
      socket.off('connection-close', this._onClosed);
      socket.destroy();
    }
  }

  private _onAnswer(answer: Answer): void {
    if (answer.type === 'marked') {
      this.edits.answered();
      this.saving.marked(answer.responseTo);
      return;
    }
    if (answer.type === 'rescued') {
      this.rescue.answered(answer.responseTo, answer.found === true);
      return;
    }
    const asked = this._asked.get(answer.responseTo);
    this._asked.delete(answer.responseTo);
    if (answer.status === 'failed') {
      asked?.reject(new Error(answer.message || 'The server could not write the file.'));
    } else {
      asked?.resolve();
    }
  }

  private _onNotice(notice: Notice): void {
    const text = inOne(notice);
    const hindrance = HINDRANCES[notice.kind];
    if (hindrance) {
      this.saving.fail(hindrance, text);
    } else if (notice.kind === 'file-back') {
      this.saving.fail('file', null);
    } else if (notice.kind === 'journal-back') {
      this.saving.fail('journal', null);
    } else if (notice.kind === 'refused' && this.saving.pending) {
      // What is on this page is no longer what the others have.
      this._end(text);
    }
    this._told.emit(notice);
  }

  private readonly _mark = (id: number): boolean => {
    this.edits.asked();
    return this._send('mark', id);
  };

  private _send(asked: Asked, id: number, ...texts: string[]): boolean {
    const socket = this._socket?.ws;
    if (!socket || socket.readyState !== WebSocket.OPEN) {
      return false;
    }
    socket.send(encodeAsked(asked, id, ...texts));
    return true;
  }

  private readonly _onSilence = (): void => {
    if (!this.saving.silent) {
      clearTimeout(this._silence ?? undefined);
      this._silence = null;
    } else {
      this._silence ??= setTimeout(() => this._socket?.ws?.close(), SILENT_MS);
    }
  };

  /** Whoever saves says so in the document's state: what kept the file from being written is over. */
  private readonly _onState = (_: unknown, { stateChange }: DocumentChange): void => {
    if (
      stateChange?.some(({ name, newValue }) => name === 'hash' || (name === 'dirty' && newValue === false))
    ) {
      this.saving.fail('file', null);
    }
  };

  private readonly _introduce = (): void => {
    this.model.awareness.setLocalStateField('user', this._user.identity);
  };

  /** The network is back: no need to wait for the next try. */
  private readonly _hurry = (): void => {
    const socket = this._socket;
    if (socket?.shouldConnect && socket.ws === null) {
      socket.wsUnsuccessfulReconnects = 0;
      socket.connect();
    }
  };

  /** A connection over a network that is gone stays open for minutes if nobody closes it. */
  private readonly _onOffline = (): void => {
    this._socket?.ws?.close();
  };
}

/** The server does not answer: no news to the person, whom the toolbar has told. */
export class Offline extends Error {
  /** JupyterLab shows no dialog about an error of this name. */
  override readonly name = 'ModalCancelError';

  constructor() {
    super('The server does not answer.');
  }
}
