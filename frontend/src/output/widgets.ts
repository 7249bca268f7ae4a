import { isCodeCellModel } from '@jupyterlab/cells';
import { type INotebookTracker, NotebookActions, type NotebookPanel } from '@jupyterlab/notebook';
import type { Kernel, KernelMessage } from '@jupyterlab/services';
import type { Widget } from '@lumino/widgets';

import { ApiError } from '../api/errors';
import type { Choice } from '../ui/output';
import { dependents } from './dependents';
import { pickCode } from './python';

/** A widget's place: the cell whose output it is. */
export interface Place {
  panel: NotebookPanel;
  cell: number;
}

/** Where a rendered output is; null outside of notebooks, such as in a copy of an output. */
export function placeOf(output: Widget, tracker: INotebookTracker): Place | null {
  const panel = tracker.find(each => each.content.node.contains(output.node));
  const cell = panel?.content.widgets.findIndex(each => each.node.contains(output.node)) ?? -1;
  return panel && cell !== -1 ? { panel, cell } : null;
}

/**
 * Pick a value in the notebook's kernel and run what depends on it, the widget's own cell first.
 *
 * @throws ApiError when there is no kernel, or when it refuses the value.
 */
export async function pick({ panel, cell }: Place, name: string, value: Choice): Promise<void> {
  const kernel = panel.sessionContext.session?.kernel;
  if (!kernel) {
    throw new ApiError(0, {
      code: 'no_kernel',
      message: 'The notebook has no running kernel.',
      hint: 'Run the cell of this widget, then choose again.'
    });
  }
  await execute(kernel, pickCode(name, value));
  const sources = panel.content.widgets.map(each =>
    isCodeCellModel(each.model) ? each.model.sharedModel.getSource() : null
  );
  const cells = dependents(sources, cell, name).flatMap(index => panel.content.widgets[index] ?? []);
  await NotebookActions.runCells(panel.content, cells, panel.sessionContext);
}

async function execute(kernel: Kernel.IKernelConnection, code: string): Promise<void> {
  const request = { code, silent: true, store_history: false, stop_on_error: false };
  const reply = await kernel.requestExecute(request, true).done;
  if (reply.content.status !== 'ok') {
    const { ename, evalue } = reply.content as KernelMessage.IReplyErrorContent;
    throw new ApiError(0, {
      code: 'refused',
      message: evalue || ename || 'The kernel did not take the value.',
      hint: 'Run the cell of this widget, then choose again.'
    });
  }
}
