import type { ISharedDocument } from '@jupyter/ydoc';
import { Token } from '@lumino/coreutils';
import type { ISignal } from '@lumino/signaling';

import type { Reachable } from './connection-lost';
import type { RoomConnection } from './room';

/** The connections of the shared documents that are open in this browser. */
export interface IRooms {
  /** The connection of a shared document; undefined for one that is not shared. */
  of(model: ISharedDocument): RoomConnection | undefined;
  readonly all: readonly RoomConnection[];
  /** A connection was made or has ended. */
  readonly changed: ISignal<unknown, void>;
}

export const IRooms = new Token<IRooms>('jupyter-atrium:IRooms', 'The connections of shared documents.');

/** Whether the server answers. */
export type IReachable = Reachable;

export const IReachable = new Token<IReachable>('jupyter-atrium:IReachable', 'Whether the server answers.');
