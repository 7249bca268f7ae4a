import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';

import { Client } from '../api/client';
import { Events } from '../api/events';
import { Operations } from '../api/operations';
import { IAtrium } from './tokens';

const atrium: JupyterFrontEndPlugin<IAtrium> = {
  id: 'jupyter-atrium:app',
  description: "The one client and the one event stream that Atrium's rooms share.",
  autoStart: true,
  provides: IAtrium,
  activate: (app: JupyterFrontEnd): IAtrium => {
    const client = new Client(app.serviceManager.serverSettings);
    const events = new Events(client.url('events'));
    return { client, events, operations: new Operations(client, events) };
  }
};

export default [atrium];
