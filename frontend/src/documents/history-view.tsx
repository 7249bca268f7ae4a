import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, MainAreaWidget, Notification, ReactWidget } from '@jupyterlab/apputils';
import { PathExt } from '@jupyterlab/coreutils';
import { IDocumentManager } from '@jupyterlab/docmanager';
import type { DocumentRegistry } from '@jupyterlab/docregistry';
import { IMainMenu } from '@jupyterlab/mainmenu';
import { INotebookTracker } from '@jupyterlab/notebook';
import type { Widget } from '@lumino/widgets';
import { createElement } from 'react';

import { IAtrium } from '../app/tokens';
import { Chip, historyIcon, notifyError } from '../ui';
import { HistoryView } from './components/HistoryView';
import { HistoryModel, type Restored } from './history';

const SHOW = 'atrium:document-history';
const UNDO_MS = 15_000;
/** A narrower window has no room for a document and its history side by side. */
const SIDE_BY_SIDE = 1_000;

/** "History" of the document in front: its versions beside it. */
export const history: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-atrium:document-history',
  description: 'The versions of documents, how they differ, and going back to one.',
  autoStart: true,
  requires: [IAtrium, IDocumentManager, INotebookTracker],
  optional: [ICommandPalette, IMainMenu],
  activate: (
    app: JupyterFrontEnd,
    { client, events }: IAtrium,
    documents: IDocumentManager,
    tracker: INotebookTracker,
    palette: ICommandPalette | null,
    menu: IMainMenu | null
  ) => {
    const { commands, shell } = app;
    const views = new Map<DocumentRegistry.Context, MainAreaWidget>();

    const current = (): { widget: Widget; context: DocumentRegistry.Context } | null => {
      const widget = shell.currentWidget;
      const context = widget ? documents.contextForWidget(widget) : undefined;
      return widget && context && context.contentsModel?.format !== 'base64' ? { widget, context } : null;
    };

    const open = (widget: Widget, context: DocumentRegistry.Context) => {
      let view = views.get(context);
      if (!view) {
        const path = () => app.serviceManager.contents.localPath(context.path);
        const model = new HistoryModel(client, events, path());
        view = historyWidget(model, `atrium-history-${path()}`);
        const title = () => `History: ${PathExt.basename(path())}`;
        const shown = view;
        shown.title.label = title();
        context.pathChanged.connect(() => {
          model.rename(path());
          shown.title.label = title();
        });
        const edited = () => model.edited();
        context.model.contentChanged.connect(edited);
        shown.disposed.connect(() => {
          views.delete(context);
          context.model?.contentChanged.disconnect(edited);
          model.dispose();
        });
        // Without its document a view would go on telling of one that nobody sees.
        context.disposed.connect(() => shown.dispose());
        views.set(context, view);
        const mode = window.innerWidth >= SIDE_BY_SIDE ? 'split-right' : 'tab-after';
        shell.add(view, 'main', { mode, ref: widget.id });
      }
      shell.activateById(view.id);
    };

    commands.addCommand(SHOW, {
      label: 'History',
      caption: 'The versions of this document: compare them, and go back',
      icon: historyIcon,
      isEnabled: () => current() !== null,
      execute: () => {
        const found = current();
        if (found) {
          open(found.widget, found.context);
        }
      }
    });
    palette?.addItem({ command: SHOW, category: 'File Operations' });
    menu?.fileMenu.addGroup([{ command: SHOW }], 5);
    tracker.widgetAdded.connect((_, panel) => {
      const chip = ReactWidget.create(
        createElement(Chip, {
          icon: historyIcon,
          label: '',
          title: 'History: versions of this notebook',
          onClick: () => open(panel, panel.context)
        })
      );
      chip.addClass('atrium-ToolbarChip');
      panel.toolbar.addItem('atrium-history', chip);
    });
  }
};

function historyWidget(model: HistoryModel, id: string): MainAreaWidget {
  const onRestored = (restored: Restored, what: string) => {
    if (!restored.changed) {
      Notification.info('Nothing to do: the document says this already.', { autoClose: 5_000 });
      return;
    }
    const undo = () =>
      model
        .restore(restored.before)
        .then(() => Notification.success('Undone.', { autoClose: 5_000 }))
        .catch(notifyError);
    Notification.success(`${what} is back, for everybody.`, {
      autoClose: UNDO_MS,
      actions: [{ label: 'Undo', callback: () => void undo() }]
    });
  };
  const content = ReactWidget.create(createElement(HistoryView, { model, onRestored }));
  content.addClass('atrium-HistoryWidget');
  const widget = new MainAreaWidget({ content });
  widget.toolbar.hide();
  widget.id = id;
  widget.title.icon = historyIcon;
  widget.title.caption = model.path;
  widget.title.closable = true;
  return widget;
}
