import { INotebookCellExecutor, runCell } from '@jupyterlab/notebook';
import { Dialog, showDialog } from '@jupyterlab/apputils';
import type { CodeCell } from '@jupyterlab/cells';
import type { Contents } from '@jupyterlab/services';

import { notifyError } from '../ui';
import type { Outcome, Runs } from './model';

/** Why a cell did not end well, as JupyterLab passes it on. */
class CellError extends Error {
  readonly errorName: string;
  readonly errorValue: string;
  readonly traceback: string[] = [];

  constructor(outcome: Outcome) {
    super(`${outcome.ename}: ${outcome.evalue}`);
    this.errorName = outcome.ename;
    this.errorValue = outcome.evalue;
  }
}

/** Runs cells on the server, so that they wait for their environment and survive this tab. */
export class ServerExecutor implements INotebookCellExecutor {
  private readonly _runs: Runs;
  private readonly _contents: Contents.IManager;

  constructor(runs: Runs, contents: Contents.IManager) {
    this._runs = runs;
    this._contents = contents;
  }

  async runCell(options: INotebookCellExecutor.IRunCellOptions): Promise<boolean> {
    const { cell, notebook, sessionContext } = options;
    if (cell.model.type !== 'code' || !sessionContext || !notebook.collaborative) {
      return runCell(options);
    }
    if (sessionContext.isTerminating) {
      await showDialog({
        title: 'The Kernel Is Being Shut Down',
        body: 'Run the cell again when that is done.',
        buttons: [Dialog.okButton()]
      });
      return false;
    }
    if (sessionContext.hasNoKernel && sessionContext.isReady) {
      const choose = await sessionContext.startKernel();
      if (choose && options.sessionDialogs) {
        await options.sessionDialogs.selectKernel(sessionContext);
      }
      if (sessionContext.hasNoKernel) {
        return true;
      }
    }
    const code = cell as CodeCell;
    options.onCellExecutionScheduled({ cell });
    // Only what the server cannot know is written here: two writers of one cell's state would leave it to chance.
    code.model.trusted = true;
    code.outputHidden = false;
    const running = {
      cellId: code.model.sharedModel.getId(),
      source: code.model.sharedModel.getSource()
    };
    try {
      const outcome = await this._runs.run(
        this._contents.localPath(sessionContext.path),
        sessionContext.session?.kernel?.id ?? null,
        running
      );
      const success = outcome.state === 'ok';
      if (cell.isDisposed) {
        return success;
      }
      const error = outcome.state === 'error' ? new CellError(outcome) : null;
      options.onCellExecuted({ cell, success, error: error });
      return success;
    } catch (error) {
      // Not even queued; what a queued cell has to say it says in its output.
      notifyError(error);
      if (!cell.isDisposed) {
        options.onCellExecuted({ cell, success: false });
      }
      return false;
    }
  }
}
