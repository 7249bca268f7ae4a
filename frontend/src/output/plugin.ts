import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { INotebookTracker } from '@jupyterlab/notebook';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';

import { tableFactory, widgetFactory } from './renderers';

const renderers: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-atrium:output',
  description: 'Draws tables and widgets in the outputs of cells.',
  autoStart: true,
  requires: [IRenderMimeRegistry, INotebookTracker],
  activate: (_: JupyterFrontEnd, rendermime: IRenderMimeRegistry, tracker: INotebookTracker) => {
    rendermime.addFactory(tableFactory());
    rendermime.addFactory(widgetFactory(tracker));
  }
};

export default [renderers];
