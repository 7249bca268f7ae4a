import { Token } from '@lumino/coreutils';

import type { Client } from '../api/client';
import type { Events } from '../api/events';
import type { Operations } from '../api/operations';

/** What every room requires: the way to the server, what it says of itself, and the long things it does. */
export interface IAtrium {
  readonly client: Client;
  readonly events: Events;
  readonly operations: Operations;
}

export const IAtrium = new Token<IAtrium>(
  'jupyter-atrium:IAtrium',
  "The client, event stream and long operations of Atrium's server."
);
