import { type ISignal, Signal } from '@lumino/signaling';

import { useModel } from '../../ui';
import type { Saving } from '../saving';
import { SaveStatus } from './SaveStatus';

/** How far the document in front is saved. */
export class CurrentSaving {
  private readonly _changed = new Signal<this, void>(this);
  private _saving: Saving | null = null;

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

export function CurrentSaveStatus({ current }: { current: CurrentSaving }): JSX.Element {
  const { saving } = useModel(current);
  return <SaveStatus key={saving ? 'shared' : 'none'} saving={saving} />;
}
