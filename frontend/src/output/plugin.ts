import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { INotebookTracker } from '@jupyterlab/notebook';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';

import { IAtrium } from '../app/tokens';
import { largeOutputFactory } from './large-output';
import { tableFactory, widgetFactory } from './renderers';

const renderers: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-atrium:output',
  description: 'Draws tables, widgets and what is kept beside the document in the outputs of cells.',
  autoStart: true,
  requires: [IAtrium, IRenderMimeRegistry, INotebookTracker],
  activate: (
    _: JupyterFrontEnd,
    { client }: IAtrium,
    rendermime: IRenderMimeRegistry,
    tracker: INotebookTracker
  ) => {
    rendermime.addFactory(largeOutputFactory(rendermime, client));
    rendermime.addFactory(tableFactory());
    rendermime.addFactory(widgetFactory(tracker));
  }
};

export default [renderers];
