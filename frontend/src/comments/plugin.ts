import { ILayoutRestorer, type JupyterFrontEnd, type JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { INotebookTracker, type NotebookPanel } from '@jupyterlab/notebook';
import { createElement } from 'react';

import { IAtrium } from '../app/tokens';
import { IProjects } from '../projects/tokens';
import { commentIcon, panelWidget } from '../ui';
import { commentsChip } from './chip';
import { talkOf } from './components/review-talk';
import { ThreadsModel } from './model';
import { NotebookThreads } from './notebook';
import { CommentsPanel, CurrentThreads } from './panel';
import { PeopleModel } from './people';
import { type Drafts, ReviewThreads } from './reviews';

const PANEL = 'atrium-comments';
const COMPOSE = 'atrium:comment-on-selection';

const comments: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-atrium:comments',
  description: 'Threads on the cells of notebooks, and in reviews.',
  autoStart: true,
  requires: [IAtrium, INotebookTracker],
  optional: [ILayoutRestorer, ICommandPalette, IProjects],
  activate: (
    app: JupyterFrontEnd,
    { client, events }: IAtrium,
    tracker: INotebookTracker,
    restorer: ILayoutRestorer | null,
    palette: ICommandPalette | null,
    projects: IProjects | null
  ) => {
    const { commands, contextMenu, shell } = app;
    const current = new CurrentThreads();
    const people = new PeopleModel(client, events);
    const byPanel = new Map<NotebookPanel, NotebookThreads>();
    const drafts: Drafts = { begun: new Map(), written: new Map() };
    projects?.talkIn(reviewed => talkOf(new ReviewThreads(client, events, reviewed, drafts), people));
    const show = () => shell.activateById(PANEL);
    const compose = () => void commands.execute(COMPOSE);

    tracker.widgetAdded.connect((_, panel) => {
      const path = () => app.serviceManager.contents.localPath(panel.context.path);
      const threads = new NotebookThreads(panel, new ThreadsModel(client, events, path()));
      byPanel.set(panel, threads);
      panel.context.pathChanged.connect(() => void threads.model.rename(path()));
      threads.asked.connect(show);
      panel.disposed.connect(() => {
        byPanel.delete(panel);
        follow();
      });
      panel.toolbar.addItem('atrium-comments', commentsChip(threads, show, compose));
      follow();
    });
    const follow = () => {
      const panel = tracker.currentWidget;
      current.current = (panel && byPanel.get(panel)) ?? null;
    };
    tracker.currentChanged.connect(follow);

    commands.addCommand(COMPOSE, {
      label: 'Comment on Selection',
      caption: 'Begin a comment on the selected words, or on the line of the cursor',
      icon: commentIcon,
      isEnabled: () => current.current?.model.mayComment === true,
      execute: () => current.current?.compose()
    });
    commands.addKeyBinding({ command: COMPOSE, keys: ['Accel Alt M'], selector: '.jp-NotebookPanel' });
    contextMenu.addItem({ command: COMPOSE, selector: '.jp-Notebook .jp-Cell', rank: 12 });
    palette?.addItem({ command: COMPOSE, category: 'Notebook Cell Operations' });

    const content = createElement(CommentsPanel, { current, people, onCompose: compose });
    const panel = panelWidget(content, { id: PANEL, caption: 'Comments', icon: commentIcon });
    shell.add(panel, 'right', { rank: 300 });
    restorer?.add(panel, PANEL);
  }
};

export default [comments];
