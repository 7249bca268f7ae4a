import { type ISignal, Signal } from '@lumino/signaling';

import { useModel } from '../../ui';
import { offlineIcon } from '../icons';
import type { Saving } from '../saving';
import { SaveStatus } from './SaveStatus';

interface Server {
  readonly changed: ISignal<unknown, void>;
  readonly lost: boolean;
}

/** How far the document in front is saved, and whether the server is there. */
export class CurrentSaving {
  readonly server: Server;
  private readonly _changed = new Signal<this, void>(this);
  private _saving: Saving | null = null;

  constructor(server: Server) {
    this.server = server;
    server.changed.connect(() => this._changed.emit());
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Null when what is in front is no shared document. */
  get saving(): Saving | null {
    return this._saving;
  }

  set saving(saving: Saving | null) {
    if (saving !== this._saving) {
      this._saving = saving;
      this._changed.emit();
    }
  }
}

export function CurrentSaveStatus({ current }: { current: CurrentSaving }): JSX.Element | null {
  const { saving, server } = useModel(current);
  if (saving) {
    return <SaveStatus saving={saving} />;
  }
  return server.lost ? (
    <span
      className="atrium-SaveStatus atrium-mod-offline"
      role="status"
      title="The server does not answer. This page tries again by itself."
    >
      <offlineIcon.react tag="span" className="atrium-Icon" />
      <span className="atrium-SaveStatus-label">Offline</span>
    </span>
  ) : null;
}
