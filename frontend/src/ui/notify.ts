import { Notification } from '@jupyterlab/apputils';

import { asApiError, inOne } from '../api/errors';

/** Tell of a failure that has no place of its own on the screen. Prefer `ErrorNote` where there is one. */
export function notifyError(error: unknown): void {
  Notification.error(inOne(asApiError(error)), { autoClose: false });
}
