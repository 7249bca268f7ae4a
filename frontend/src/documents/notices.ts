import { Notification } from '@jupyterlab/apputils';

import type { Notice } from './frames';

/** How long a notice that asks for nothing stays. */
const STAYS_MS = 8_000;

const LOUD = new Set(['conflict', 'file-missing', 'file-unreadable', 'refused']);

/** Toasts for what the rooms tell, each thing once however many views of a document there are. */
export class Notices {
  private readonly _shown = new Map<string, string>();

  /**
   * @param place - the document that it is about
   * @param show - leads to what it is about, where there is such a thing
   */
  tell(place: string, notice: Notice, show: (() => void) | null): void {
    const key = `${place} ${notice.id}`;
    if (this._shown.has(key)) {
      return;
    }
    const text = [notice.message, notice.hint].filter(Boolean).join(' ');
    const options = {
      autoClose: LOUD.has(notice.kind) ? (false as const) : STAYS_MS,
      actions: show ? [{ label: 'Show', callback: show }] : []
    };
    const id = LOUD.has(notice.kind) ? Notification.warning(text, options) : Notification.info(text, options);
    this._shown.set(key, id);
    if (notice.kind === 'file-back') {
      this._withdraw(place);
    }
  }

  /** The file is back: that it was gone is no news any more. */
  private _withdraw(place: string): void {
    for (const [key, id] of this._shown) {
      if (key.startsWith(`${place} `)) {
        const about = Notification.manager.notifications.find(one => one.id === id);
        if (about?.options.autoClose === false) {
          Notification.dismiss(id);
        }
      }
    }
  }
}
