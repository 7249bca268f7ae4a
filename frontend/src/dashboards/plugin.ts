import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, MainAreaWidget } from '@jupyterlab/apputils';
import { INotebookTracker, type NotebookPanel } from '@jupyterlab/notebook';
import { createElement } from 'react';

import { IAtrium } from '../app/tokens';
import { dashboardIcon, notifyError, panelWidget } from '../ui';
import { presentChip } from './chip';
import { Editor } from './editor';
import { EditorModel, present } from './model';

const PRESENT = 'atrium:present';

const dashboards: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-atrium:dashboards',
  description: 'Presents notebooks as dashboards, arranges and shares them.',
  autoStart: true,
  requires: [IAtrium, INotebookTracker],
  optional: [ICommandPalette],
  activate: (
    app: JupyterFrontEnd,
    { client, events }: IAtrium,
    tracker: INotebookTracker,
    palette: ICommandPalette | null
  ) => {
    const { commands, shell } = app;
    const opened = new Map<string, MainAreaWidget>();

    const open = (slug: string, title: string) => {
      let widget = opened.get(slug);
      if (!widget) {
        const model = new EditorModel(client, events, slug);
        const content = panelWidget(createElement(Editor, { model }), {
          id: `atrium-dashboard-${slug}-editor`,
          caption: title,
          icon: dashboardIcon
        });
        widget = new MainAreaWidget({ content });
        widget.id = `atrium-dashboard-${slug}`;
        widget.title.icon = dashboardIcon;
        widget.title.label = title;
        widget.title.closable = true;
        const tab = widget.title;
        model.changed.connect(() => {
          tab.label = model.view?.title ?? title;
        });
        widget.disposed.connect(() => {
          opened.delete(slug);
          model.dispose();
        });
        opened.set(slug, widget);
        shell.add(widget, 'main', { mode: 'tab-after', ref: tracker.currentWidget?.id });
      }
      shell.activateById(widget.id);
    };

    const presentPanel = async (panel: NotebookPanel): Promise<void> => {
      if (panel.context.model.sharedModel.dirty) {
        await panel.context.save();
      }
      const made = await present(client, app.serviceManager.contents.localPath(panel.context.path));
      open(made.slug, made.title);
    };

    tracker.widgetAdded.connect((_, panel) => {
      panel.toolbar.addItem(
        'atrium-present',
        presentChip(() => presentPanel(panel))
      );
    });
    commands.addCommand(PRESENT, {
      label: 'Present as Dashboard',
      caption: 'Arrange what this notebook shows as a page for others',
      icon: dashboardIcon,
      isEnabled: () => tracker.currentWidget !== null,
      execute: () => tracker.currentWidget && presentPanel(tracker.currentWidget).catch(notifyError)
    });
    palette?.addItem({ command: PRESENT, category: 'Notebook Operations' });
  }
};

export default [dashboards];
