import {
  IConnectionLost,
  ILabShell,
  JupyterFrontEnd,
  type JupyterFrontEndPlugin,
  JupyterLab
} from '@jupyterlab/application';
import { ReactWidget } from '@jupyterlab/apputils';
import { IGlobalAwareness } from '@jupyter/collaborative-drive';
import { IDocumentProviderFactory } from '@jupyter/docprovider';
import type { YNotebook } from '@jupyter/ydoc';
import { IDocumentManager } from '@jupyterlab/docmanager';
import type { IDocumentWidget } from '@jupyterlab/docregistry';
import { INotebookTracker, type NotebookPanel } from '@jupyterlab/notebook';
import { IStatusBar } from '@jupyterlab/statusbar';
import type { Widget } from '@lumino/widgets';
import { createElement } from 'react';

import { IAtrium } from '../app/tokens';
import { IProjects } from '../projects/tokens';
import { CurrentSaveStatus, CurrentSaving } from './components/CurrentSaveStatus';
import { People } from './components/People';
import { ConflictBanners, conflictsIn } from './conflicts';
import { quietKernelErrors, Reachable } from './connection-lost';
import { OpenFiles } from './elsewhere';
import { showCell } from './follow';
import { Notices } from './notices';
import { type AwarenessLike, PresenceModel } from './presence';
import { guardCommands, makeReadOnly } from './read-only';
import type { RoomConnection } from './room';
import { Rooms } from './rooms';
import { offerDeleted, offerKept, offerStranger, SaveStatusExtension } from './save-status';
import { Together } from './together';
import { IReachable, IRooms } from './tokens';
import { guardUndo } from './undo';

/** What was kept more recently may belong to a tab that is still open. */
const LEFT_BEHIND_MS = 15_000;

const rooms: JupyterFrontEndPlugin<IRooms> = {
  id: 'jupyter-atrium:rooms',
  description: 'The connections of shared documents.',
  autoStart: true,
  provides: IRooms,
  activate: () => new Rooms()
};

const provider: JupyterFrontEndPlugin<IDocumentProviderFactory> = {
  id: 'jupyter-atrium:document-provider',
  description: 'Connects shared documents to their rooms.',
  autoStart: true,
  requires: [IRooms],
  provides: IDocumentProviderFactory,
  activate: (_: JupyterFrontEnd, made: IRooms) => made as Rooms
};

const reachable: JupyterFrontEndPlugin<IReachable> = {
  id: 'jupyter-atrium:reachable',
  description: 'Whether the server answers.',
  autoStart: true,
  optional: [JupyterLab.IInfo],
  provides: IReachable,
  activate: (app: JupyterFrontEnd, info: JupyterLab.IInfo | null) => new Reachable(app, info)
};

const lost: JupyterFrontEndPlugin<IConnectionLost> = {
  id: 'jupyter-atrium:connection-lost',
  description: 'Has JupyterLab say that the server does not answer without getting in the way.',
  autoStart: true,
  requires: [IReachable],
  provides: IConnectionLost,
  activate: (_: JupyterFrontEnd, { connectionLost }: IReachable) => connectionLost
};

const saved: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-atrium:save-status',
  description: 'How far each document is saved, what this browser keeps, and what the rooms tell.',
  autoStart: true,
  requires: [IRooms, IReachable, IDocumentManager],
  optional: [ILabShell, IStatusBar],
  activate: (
    app: JupyterFrontEnd,
    made: IRooms,
    server: IReachable,
    documents: IDocumentManager,
    shell: ILabShell | null,
    statusBar: IStatusBar | null
  ) => {
    const { contents, user } = app.serviceManager;
    const { kept } = made as Rooms;
    const extension = new SaveStatusExtension(made, documents, contents);
    for (const factory of ['Notebook', 'Editor']) {
      app.docRegistry.addWidgetExtension(factory, extension);
    }
    const known = new WeakSet<RoomConnection>();
    const notices = new Notices();
    made.changed.connect(() => {
      for (const room of made.all.filter(each => !known.has(each))) {
        known.add(room);
        room.keeper.stranger.connect((_, left) => offerStranger(left, () => void kept.delete(left.key)));
        room.rescue.gone.connect((_, { text }) => offerDeleted(text, () => putBack(documents, room, text)));
        room.told.connect((_, notice) => {
          const show = notice.kind === 'conflict' ? () => showConflict(documents, room) : null;
          notices.tell(room.id, notice, show);
        });
      }
    });

    // Once, when the page has come to rest: what is open by then has already been merged.
    void Promise.all([app.restored, user.ready])
      .then(() => kept.of(user.identity?.username ?? ''))
      .then(all => {
        for (const left of all) {
          const isOpen = made.all.some(room => room.id === left.room || room.path === left.path);
          if (!isOpen && left.at < Date.now() - LEFT_BEHIND_MS) {
            const open = () => void documents.openOrReveal(left.path);
            offerKept(left, open, () => void kept.delete(left.key));
          }
        }
      })
      .catch(error => console.warn('Atrium: this browser keeps no changes.', error));

    if (shell && statusBar) {
      const current = new CurrentSaving(server);
      const look = () => {
        const context = shell.currentWidget && documents.contextForWidget(shell.currentWidget);
        current.saving = (context && made.of(context.model.sharedModel)?.saving) || null;
      };
      shell.currentChanged.connect(look);
      made.changed.connect(look);
      statusBar.registerStatusItem('jupyter-atrium:save-status', {
        item: ReactWidget.create(createElement(CurrentSaveStatus, { current })),
        align: 'middle',
        isActive: () => current.saving !== null || server.lost,
        activeStateChanged: current.changed
      });
    }
  }
};

const together: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-atrium:together',
  description: 'Who is where, following, conflicts, undo among several people, and documents that only show.',
  autoStart: true,
  requires: [IAtrium, IRooms, IReachable, INotebookTracker, IDocumentManager],
  optional: [IProjects, IGlobalAwareness],
  activate: (
    app: JupyterFrontEnd,
    { client, events }: IAtrium,
    made: IRooms,
    server: IReachable,
    tracker: INotebookTracker,
    documents: IDocumentManager,
    projects: IProjects | null,
    awareness: Pick<AwarenessLike, 'on'> | null
  ) => {
    const { user } = app.serviceManager;
    const me = () => user.identity?.username ?? '';
    const panels = new WeakMap<Widget, Together>();
    const guarded = new WeakSet<YNotebook>();
    tracker.widgetAdded.connect((_, panel) => {
      panels.set(panel, new Together(panel, me));
      new ConflictBanners(panel);
      quietKernelErrors(panel.sessionContext, server);
      const shared = panel.context.model.sharedModel as unknown as YNotebook;
      if (made.of(shared) && !guarded.has(shared)) {
        guarded.add(shared);
        guardUndo(shared);
      }
    });

    const locked = new WeakSet<Widget>();
    const lock = (widget: IDocumentWidget) => {
      const { context } = widget;
      const room = made.of(context.model.sharedModel);
      void context.ready.then(() => {
        if (!widget.isDisposed && room && (!room.writable || context.contentsModel?.writable === false)) {
          locked.add(widget);
          makeReadOnly(widget, context, room.writable ? FILE : ROLE);
          app.commands.notifyCommandChanged();
        }
      });
    };
    for (const factory of ['Notebook', 'Editor']) {
      app.docRegistry.addWidgetExtension(factory, {
        createNew: (widget: IDocumentWidget) => {
          lock(widget);
          if (factory === 'Editor') {
            showPeople(widget, me);
          }
        }
      });
    }
    guardCommands(app.commands, () => {
      const { currentWidget } = app.shell;
      return currentWidget !== null && locked.has(currentWidget);
    });

    if (projects) {
      const name = () => user.identity?.display_name ?? '';
      const elsewhere = new OpenFiles(client, events, name, (path, person) => {
        const widget = documents.openOrReveal(path);
        void widget?.revealed.then(() => panels.get(widget)?.goTo(person));
      });
      awareness?.on('change', elsewhere.refresh);
      projects.show(elsewhere);
    }
  }
};

/** Leads to the first conflict that is left in a notebook. */
function showConflict(documents: IDocumentManager, room: RoomConnection): void {
  const panel = documents.openOrReveal(room.path) as NotebookPanel | undefined;
  const shared = panel?.content.model?.sharedModel;
  const conflict = shared && conflictsIn(shared)[0];
  if (conflict) {
    void showCell(panel.content, conflict.theirs);
  }
}

/** A new cell with a text, below the one where the person is. */
function putBack(documents: IDocumentManager, room: RoomConnection, text: string): void {
  const panel = documents.openOrReveal(room.path) as NotebookPanel | undefined;
  void panel?.revealed.then(() => {
    const { content } = panel;
    const index = content.activeCellIndex + 1;
    content.model?.sharedModel.insertCell(index, { cell_type: 'code', source: text, metadata: {} });
    content.activeCellIndex = index;
  });
}

/** The others who have a text file open; their cursors say where. */
function showPeople(widget: IDocumentWidget, me: () => string): void {
  const shared = widget.context.model.sharedModel as unknown as { awareness: AwarenessLike };
  const model = new PresenceModel(shared.awareness, me);
  const people = ReactWidget.create(createElement(People, { model }));
  people.addClass('atrium-ToolbarChip');
  widget.toolbar.addItem('atrium-people', people);
  widget.disposed.connect(() => model.dispose());
}

const FILE = 'You can look at this file and not change it: it is read-only on the server.';
const ROLE = 'You can look at this file and not change it.';

export default [rooms, provider, reachable, lost, saved, together] as JupyterFrontEndPlugin<unknown>[];
