import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import type { DocumentRegistry } from '@jupyterlab/docregistry';

/** Neither started, nor asked for, nor that of somebody else: running takes the right to write. */
const NO_KERNEL = { shouldReuse: false, shouldStart: false, canStart: false, autoStartDefault: false };

/** Keeps a notebook from asking for a kernel unless this person may write to it. */
export function kernelForWritersOnly(context: DocumentRegistry.Context): void {
  // Before its session begins, which waits for the list of those that run.
  void context.ready.then(() => {
    if (context.contentsModel?.writable === false) {
      const { sessionContext } = context;
      sessionContext.kernelPreference = { ...sessionContext.kernelPreference, ...NO_KERNEL };
    }
  });
}

const readers: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-atrium:access',
  description: 'Who may only read a notebook gets no kernel.',
  autoStart: true,
  activate: (app: JupyterFrontEnd) => {
    app.docRegistry.addWidgetExtension('Notebook', {
      createNew: (_, context) => kernelForWritersOnly(context)
    });
  }
};

export default [readers];
