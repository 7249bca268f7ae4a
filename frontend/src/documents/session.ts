import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

import { errorOfResponse, unreachable } from '../api/errors';
import type { Hindrance } from './saving';

const SESSION = 'api/collaboration/session';

export interface Session {
  format: string;
  type: string;
  fileId: string;
  /** The lineage of the shared document. */
  sessionId: string;
  writable?: boolean;
}

/** Why a room closed a connection, by the code that it gave. */
export const CLOSED: Record<number, string> = {
  4400: 'The server did not understand what this page asked for; reload it.',
  4403: 'You are not allowed to open this file any more.',
  4404: 'The file is not there any more.',
  4500: 'The server could not open the file; its log has the details.'
};

/** Notices that say why something is not saved. */
export const HINDRANCES: Record<string, Hindrance> = {
  'file-missing': 'file',
  'file-unreadable': 'file',
  'not-saved': 'file',
  'read-only': 'file',
  journal: 'journal'
};

/**
 * Ask for the room of a file and the lineage of its document.
 *
 * @throws ApiError when the server refuses or does not answer
 */
export async function requestSession(
  settings: ServerConnection.ISettings,
  path: string,
  format: string,
  type: string
): Promise<Session> {
  const url = URLExt.join(settings.baseUrl, SESSION, encodeURIComponent(path));
  const body = JSON.stringify({ format, type });
  let response: Response;
  let text: string;
  try {
    response = await ServerConnection.makeRequest(url, { method: 'PUT', body }, settings);
    text = await response.text();
  } catch {
    throw unreachable();
  }
  if (!response.ok) {
    throw errorOfResponse(response.status, text);
  }
  return JSON.parse(text) as Session;
}
