import type { IConnectionLost, JupyterFrontEnd, JupyterLab } from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import { PageConfig, URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

const AGAIN_MS = 2_000;
const HUB_RESTART = 'hub:restart';

/**
 * One line in a corner while the server does not answer, instead of JupyterLab's dialog, which takes the keyboard away
 * from somebody who could go on typing.
 */
export function connectionLost(app: JupyterFrontEnd, info: JupyterLab.IInfo | null): IConnectionLost {
  const settings = app.serviceManager.serverSettings;
  const url = URLExt.join(settings.baseUrl, 'api');
  let shown: string | null = null;

  const answers = async () => {
    try {
      return (await ServerConnection.makeRequest(url, { cache: 'no-cache' }, settings)).ok;
    } catch {
      return false;
    }
  };
  const watch = async () => {
    while (!(await answers())) {
      await new Promise(resolve => setTimeout(resolve, AGAIN_MS));
    }
    if (info) {
      info.isConnected = true;
    }
    Notification.dismiss(shown ?? undefined);
    shown = null;
  };

  return async () => {
    if (shown !== null || (await answers()) || shown !== null) {
      return;
    }
    if (info) {
      // JupyterLab's polls and its autosave rest meanwhile.
      info.isConnected = false;
    }
    const hub = PageConfig.getOption('hubPrefix') !== '' && app.commands.hasCommand(HUB_RESTART);
    shown = Notification.warning(
      'The server does not answer. Go on working: documents keep what you change, and send it when it is back.',
      {
        autoClose: false,
        actions: hub
          ? [{ label: 'Restart my server', callback: () => void app.commands.execute(HUB_RESTART) }]
          : []
      }
    );
    void watch();
  };
}
