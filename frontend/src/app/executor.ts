import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import { INotebookCellExecutor, runCell } from '@jupyterlab/notebook';

/**
 * Runs a cell by the kernel's own channel.
 *
 * Docprovider switches JupyterLab's executor off and we switch off docprovider's, which needs a server that is not
 * there; without any, notebooks do not open at all.
 */
export const cellExecutor: JupyterFrontEndPlugin<INotebookCellExecutor> = {
  id: 'jupyter-atrium:cell-executor',
  description: 'Runs the cells of notebooks.',
  autoStart: true,
  provides: INotebookCellExecutor,
  activate: () => Object.freeze({ runCell })
};
