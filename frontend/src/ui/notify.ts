import { Notification } from '@jupyterlab/apputils';

import { asApiError } from '../api/errors';

/** Tell of a failure that has no place of its own on the screen. Prefer `ErrorNote` where there is one. */
export function notifyError(error: unknown): void {
  const { message, hint } = asApiError(error);
  Notification.error([message, hint].filter(Boolean).join(' '), { autoClose: false });
}
