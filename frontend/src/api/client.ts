import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

import { ApiError, errorOfResponse, unreachable } from './errors';

export { ApiError };

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
export type Query = Record<string, string | number | boolean | null | undefined>;

export interface RequestOptions {
  /** Appended to the path; null and undefined values are left out. */
  query?: Query;
  /** Gives up on the answer; the request then rejects with the signal's reason. */
  signal?: AbortSignal;
}

/** The one way to the server: JSON over JupyterLab's own connection (its base URL, token and XSRF handling). */
export class Client {
  readonly settings: ServerConnection.ISettings;

  constructor(settings: ServerConnection.ISettings = ServerConnection.makeSettings()) {
    this.settings = settings;
  }

  /** The address of `path` below `atrium/api/`. Escape ids in it with `encodeURIComponent`. */
  url(path: string, query: Query = {}): string {
    const given = Object.entries(query).filter(([, value]) => value !== null && value !== undefined);
    const search = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
    const url = URLExt.join(this.settings.baseUrl, 'atrium/api', path);
    return search ? `${url}${url.includes('?') ? '&' : '?'}${search}` : url;
  }

  /**
   * Ask and decode the answer; null for an empty one.
   *
   * @throws ApiError when the server refuses, cannot be reached, or answers something that is not JSON.
   */
  async request<T>(method: Method, path: string, body?: unknown, options: RequestOptions = {}): Promise<T> {
    // Not 'no-store', for which JupyterLab adds a time stamp to the address.
    const init: RequestInit = { method, cache: 'no-cache' };
    if (body !== undefined) {
      init.body = JSON.stringify(body);
    }
    if (options.signal) {
      init.signal = options.signal;
    }
    let response: Response;
    let text: string;
    try {
      response = await ServerConnection.makeRequest(this.url(path, options.query), init, this.settings);
      text = await response.text();
    } catch (error) {
      options.signal?.throwIfAborted();
      console.warn('Atrium: no answer from the server.', error);
      throw unreachable();
    }
    if (!response.ok) {
      throw errorOfResponse(response.status, text);
    }
    if (!text) {
      return null as T;
    }
    try {
      return JSON.parse(text) as T;
    } catch {
      throw new ApiError(response.status, {
        code: 'not_json',
        message: 'The answer was not from the workspace.',
        hint: 'A proxy or sign-in page may be in between; reload the page.'
      });
    }
  }
}
