import type { NotebookPanel } from '@jupyterlab/notebook';
import { Token } from '@lumino/coreutils';

import type { NotebookEnvironment } from './notebook';

/** The environments of the notebooks that are open. */
export interface IEnvironments {
  of(panel: NotebookPanel): NotebookEnvironment | null;
}

export const IEnvironments = new Token<IEnvironments>(
  'jupyter-atrium:IEnvironments',
  'The environments of open notebooks, and whether their kernels run in them.'
);
