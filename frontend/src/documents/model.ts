import { UUID } from '@lumino/coreutils';
import type { IDisposable } from '@lumino/disposable';

import type { Client } from '../api/client';
import { ApiError } from '../api/errors';
import type { Events } from '../api/events';
import type { ExecutionRequest } from './queue';

/** How often to ask for an outcome whose event was missed. */
const POLL_MS = 5_000;
const TRIES = 5;
const FIRST_RETRY_MS = 500;

/** How one cell ended. */
export type Outcome = ExecutionRequest['cells'][number];

export interface CellToRun {
  cellId: string;
  /** What the person sees; typing may reach the server after the request to run. */
  source: string;
}

interface Asked extends CellToRun {
  resolve: (outcome: Outcome) => void;
  reject: (error: unknown) => void;
}

interface Batch {
  kernelId: string | null;
  cells: Asked[];
}

/** Has cells run on the server: those asked for at once as one batch, batches of a notebook in their order. */
export class Runs implements IDisposable {
  private readonly _client: Client;
  private readonly _events: Events;
  private readonly _gathering = new Map<string, Batch>();
  private readonly _sent = new Map<string, Promise<void>>();
  private _disposed = false;

  constructor(client: Client, events: Events) {
    this._client = client;
    this._events = events;
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  dispose(): void {
    this._disposed = true;
  }

  /**
   * Put a cell at the end of its notebook's queue.
   *
   * @param notebook - its path as the contents API names it
   * @param kernelId - the kernel behind it; null has the server find or start one
   * @returns how it ended, which may be much later
   * @throws ApiError when it could not be queued
   */
  run(notebook: string, kernelId: string | null, cell: CellToRun): Promise<Outcome> {
    return new Promise<Outcome>((resolve, reject) => {
      const batch = this._gathering.get(notebook) ?? { kernelId, cells: [] };
      batch.cells.push({ ...cell, resolve, reject });
      if (!this._gathering.has(notebook)) {
        this._gathering.set(notebook, batch);
        setTimeout(() => this._flush(notebook), 0);
      }
    });
  }

  private _flush(notebook: string): void {
    const batch = this._gathering.get(notebook);
    this._gathering.delete(notebook);
    if (!batch) {
      return;
    }
    // Two requests in flight may overtake each other.
    const before = this._sent.get(notebook) ?? Promise.resolve();
    const sent = before.then(() => this._send(notebook, batch));
    this._sent.set(notebook, sent);
  }

  private async _send(notebook: string, batch: Batch): Promise<void> {
    try {
      const request = await this._post(notebook, batch, UUID.uuid4());
      this._follow(request, batch.cells);
    } catch (error) {
      batch.cells.forEach(cell => cell.reject(error));
    }
  }

  /** Sent again with the same id when there was no answer: the server runs it once. */
  private async _post(notebook: string, batch: Batch, request_id: string): Promise<ExecutionRequest> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this._client.request<ExecutionRequest>('POST', 'documents/execute', {
          notebook,
          request_id,
          kernel_id: batch.kernelId,
          cell_ids: batch.cells.map(cell => cell.cellId),
          sources: Object.fromEntries(batch.cells.map(cell => [cell.cellId, cell.source]))
        });
      } catch (error) {
        if (!(error instanceof ApiError && error.status === 0) || attempt === TRIES) {
          throw error;
        }
        await new Promise(resolve => setTimeout(resolve, FIRST_RETRY_MS * 2 ** attempt));
      }
    }
  }

  /** Settle each cell's promise once it has ended. */
  private _follow(request: ExecutionRequest, cells: Asked[]): void {
    let open = [...cells.entries()];
    let fetching = false;
    const settle = (now: ExecutionRequest) => {
      open = open.filter(([index, cell]) => {
        const outcome = now.cells[index];
        if (!outcome || outcome.state === 'waiting' || outcome.state === 'running') {
          return true;
        }
        cell.resolve(outcome);
        return false;
      });
      if (open.length === 0) {
        clearInterval(timer);
        subscription.dispose();
      }
    };
    const look = async () => {
      if (fetching || open.length === 0) {
        return;
      }
      fetching = true;
      try {
        settle(
          await this._client.request<ExecutionRequest>(
            'GET',
            `documents/requests/${encodeURIComponent(request.id)}`
          )
        );
      } catch (error) {
        // After a restart the server no longer knows; the document has what there is.
        if (error instanceof ApiError && error.status === 404) {
          open.forEach(([, cell]) => cell.reject(error));
          open = [];
          clearInterval(timer);
          subscription.dispose();
        }
      } finally {
        fetching = false;
      }
    };
    const timer = setInterval(() => void look(), POLL_MS);
    const subscription = this._events.on('documents', () => void look());
    settle(request);
  }
}
