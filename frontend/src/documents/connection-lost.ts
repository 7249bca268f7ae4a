import type { IConnectionLost, JupyterFrontEnd, JupyterLab } from '@jupyterlab/application';
import { Dialog, type ISessionContext, showDialog } from '@jupyterlab/apputils';
import { PageConfig, URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';
import { type ISignal, Signal } from '@lumino/signaling';

const AGAIN_MS = 2_000;
const HUB_RESTART = 'hub:restart';

interface KernelErrors {
  _displayKernelError?: (message: string, traceback: string) => Promise<void>;
}

/** Have a notebook whose kernel cannot be started for want of a server not ask or say so: the status bar does. */
export function quietKernelErrors(session: ISessionContext, server: Reachable): void {
  const initialize = session.initialize.bind(session);
  session.initialize = async () => (await initialize()) && (await server.answers());
  const errors = session as unknown as KernelErrors;
  const show = errors._displayKernelError?.bind(session);
  if (show) {
    errors._displayKernelError = async (message, traceback) => {
      if (await server.answers()) {
        await show(message, traceback);
      }
    };
  }
}

/** Whether the server answers at all, as far as JupyterLab has noticed that it does not. */
export class Reachable {
  private readonly _changed = new Signal<this, void>(this);
  private readonly _app: JupyterFrontEnd;
  private readonly _info: JupyterLab.IInfo | null;
  private _lost = false;
  private _asking = false;

  constructor(app: JupyterFrontEnd, info: JupyterLab.IInfo | null) {
    this._app = app;
    this._info = info;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get lost(): boolean {
    return this._lost;
  }

  /**
   * In place of JupyterLab's dialog, which takes the keyboard away from somebody who could go on typing: the status bar
   * says it. Only JupyterHub, where a person can start their server again, still asks, and once.
   */
  readonly connectionLost: IConnectionLost = async () => {
    if (this._asking) {
      return;
    }
    this._asking = true;
    if (!(await this.answers())) {
      this._set(true);
      void this._offerRestart();
      while (!(await this.answers())) {
        await new Promise(resolve => setTimeout(resolve, AGAIN_MS));
      }
      this._set(false);
    }
    this._asking = false;
  };

  private _set(lost: boolean): void {
    this._lost = lost;
    if (this._info) {
      // JupyterLab's polls and its autosave rest meanwhile.
      this._info.isConnected = !lost;
    }
    this._changed.emit();
  }

  /** Ask it now. */
  async answers(): Promise<boolean> {
    const settings = this._app.serviceManager.serverSettings;
    try {
      const url = URLExt.join(settings.baseUrl, 'api');
      return (await ServerConnection.makeRequest(url, { cache: 'no-cache' }, settings)).ok;
    } catch {
      return false;
    }
  }

  private async _offerRestart(): Promise<void> {
    if (PageConfig.getOption('hubPrefix') === '' || !this._app.commands.hasCommand(HUB_RESTART)) {
      return;
    }
    const { button } = await showDialog({
      title: 'Your Server Does Not Run',
      body: 'Documents keep what you change, and send it when the server is back.',
      buttons: [
        Dialog.cancelButton({ label: 'Go on offline' }),
        Dialog.okButton({ label: 'Restart my server' })
      ]
    });
    if (button.accept) {
      await this._app.commands.execute(HUB_RESTART);
    }
  }
}
