import { Clipboard, type MainAreaWidget, Notification, ReactWidget } from '@jupyterlab/apputils';
import type { IDocumentManager } from '@jupyterlab/docmanager';
import { PathExt } from '@jupyterlab/coreutils';
import type { DocumentRegistry, IDocumentWidget } from '@jupyterlab/docregistry';
import type { Contents } from '@jupyterlab/services';
import type { IDisposable } from '@lumino/disposable';
import { DisposableDelegate, DisposableSet } from '@lumino/disposable';
import type { Widget } from '@lumino/widgets';
import { createElement } from 'react';

import { EndedBanner } from './components/EndedBanner';
import { SaveStatus } from './components/SaveStatus';
import type { Kept } from './kept';
import { Offline, type RoomConnection } from './room';
import type { IRooms } from './tokens';
import { changesOf } from './words';

/** Where a notebook was looked at, to look there again. */
interface Looking {
  content: { activeCellIndex?: number };
}

/** Says in the toolbar of each shared document how far it is saved, and offers a way on where it cannot be. */
export class SaveStatusExtension implements DocumentRegistry.WidgetExtension {
  private readonly _rooms: IRooms;
  private readonly _documents: IDocumentManager;
  private readonly _contents: Contents.IManager;

  constructor(rooms: IRooms, documents: IDocumentManager, contents: Contents.IManager) {
    this._rooms = rooms;
    this._documents = documents;
    this._contents = contents;
  }

  createNew(widget: IDocumentWidget, context: DocumentRegistry.Context): IDisposable | void {
    const room = this._rooms.of(context.model.sharedModel);
    if (!room) {
      return;
    }
    const { saving, contentType } = room;
    onlyIfUnsafe(context, room);
    neverInConflict(context);
    const save = context.save.bind(context);
    // JupyterLab would ask the server about the file first, and show a dialog when it does not answer.
    context.save = () => (room.connected ? save() : Promise.reject(new Offline()));
    const status = saveStatus(room);
    widget.toolbar.addItem('atrium-saved', status);
    const banner = ReactWidget.create(
      createElement(EndedBanner, {
        saving,
        what: contentType === 'notebook' ? 'notebook' : 'file',
        onCopy: () => copy(room.edits.texts),
        onSaveAs: () => this._saveAs(context, room),
        onOpen: () => this._reopen(widget, context)
      })
    );
    const header = (widget as unknown as MainAreaWidget).contentHeader;
    header.addWidget(banner);
    const fitting = fitToContent(banner);
    room.replaced.connect(() => this._reopen(widget, context));
    const disposables = new DisposableSet();
    disposables.add(status);
    disposables.add(banner);
    disposables.add(fitting);
    return disposables;
  }

  private async _saveAs(context: DocumentRegistry.Context, room: RoomConnection): Promise<void> {
    const path = await this._freePath(context.path);
    await this._contents.save(path, {
      type: room.contentType === 'notebook' ? 'notebook' : 'file',
      format: room.contentType === 'notebook' ? 'json' : 'text',
      content: room.contentType === 'notebook' ? context.model.toJSON() : context.model.toString()
    });
    room.saving.abandon();
    this._documents.openOrReveal(path);
    Notification.success(`Saved as ${PathExt.basename(path)}.`, { autoClose: 5_000 });
  }

  private async _freePath(path: string): Promise<string> {
    const folder = PathExt.dirname(path);
    const extension = PathExt.extname(path);
    const stem = PathExt.basename(path, extension);
    const listing = await this._contents.get(folder, { content: true });
    const taken = new Set((listing.content as Contents.IModel[]).map(({ name }) => name));
    for (let count = 1; ; count++) {
      const name = `${stem} (my changes${count > 1 ? ` ${count}` : ''})${extension}`;
      if (!taken.has(name)) {
        return PathExt.join(folder, name);
      }
    }
  }

  /** The document as the server has it now, where this one was. */
  private _reopen(widget: IDocumentWidget, context: DocumentRegistry.Context): void {
    const { path } = context;
    const cell = (widget as unknown as Looking).content.activeCellIndex;
    // As long as one of its views is there, JupyterLab would show the document that has ended again.
    widget.dispose();
    setTimeout(() => {
      const next = this._documents.openOrReveal(path);
      void next?.revealed.then(() => {
        if (cell !== undefined) {
          (next as unknown as Looking).content.activeCellIndex = cell;
        }
      });
    }, 0);
  }
}

/** Lumino gives a widget the room that its style asks for, whatever is in it. */
function fitToContent(widget: Widget): IDisposable {
  const fit = () => {
    const height = (widget.node.firstElementChild as HTMLElement | null)?.offsetHeight ?? 0;
    if (widget.node.style.minHeight !== `${height}px`) {
      widget.node.style.minHeight = `${height}px`;
      widget.parent?.fit();
    }
  };
  const content = new MutationObserver(fit);
  content.observe(widget.node, { childList: true, subtree: true, characterData: true });
  const width = new ResizeObserver(fit);
  width.observe(widget.node);
  return new DisposableDelegate(() => {
    content.disconnect();
    width.disconnect();
  });
}

/**
 * To JupyterLab a document is dirty until its file is written, and it marks the tab and asks before it is closed. What
 * the server has journaled, or this browser keeps, is safe before that.
 */
function onlyIfUnsafe({ model }: DocumentRegistry.Context, { saving }: RoomConnection): void {
  const shared = model.sharedModel as unknown as { dirty: boolean };
  Object.defineProperty(model, 'dirty', {
    configurable: true,
    get: () => saving.unsafe && saving.state !== 'saving',
    set: (dirty: boolean) => (shared.dirty = dirty)
  });
}

/**
 * The room merges what is on the disk. JupyterLab compares the file with what it last heard of it, and would ask whose
 * version to keep, on every page, whenever the room has saved a moment before.
 */
export function neverInConflict(
  context: Pick<DocumentRegistry.Context, 'contentsModel' | 'lastModifiedCheckMargin'>
): void {
  const prototype: unknown = Object.getPrototypeOf(context);
  Object.defineProperty(context, 'contentsModel', {
    configurable: true,
    get: () => {
      const known = Reflect.get(prototype as object, 'contentsModel', context) as Contents.IModel | null;
      return known && { ...known, hash: undefined };
    }
  });
  context.lastModifiedCheckMargin = Infinity;
}

function saveStatus(room: RoomConnection): Widget {
  const widget = ReactWidget.create(createElement(SaveStatus, { saving: room.saving, brief: true }));
  widget.addClass('atrium-ToolbarChip');
  return widget;
}

export function copy(texts: readonly string[]): void {
  Clipboard.copyToSystem(texts.join('\n\n'));
  Notification.success('Copied.', { autoClose: 2_000 });
}

/** Tell of what earlier pages left behind; it is merged when the document is opened. */
export function offerKept(kept: Kept, open: () => void, discard: () => void): void {
  const count = changesOf(kept.changes);
  Notification.info(`This browser keeps ${count} of ${PathExt.basename(kept.path)} that were not sent.`, {
    autoClose: false,
    actions: [
      { label: 'Open and send', displayType: 'accent', callback: open },
      { label: 'Copy', callback: () => copy(kept.texts) },
      { label: 'Discard', displayType: 'warn', callback: discard }
    ]
  });
}

/** Tell of changes to a document that is no more; another one has its place. */
export function offerStranger(kept: Kept, discard: () => void): void {
  Notification.warning(
    `This browser keeps ${changesOf(kept.changes)} of ${PathExt.basename(kept.path)} that cannot be merged: ` +
      'the file was replaced on the server meanwhile.',
    {
      autoClose: false,
      actions: [
        { label: 'Copy', displayType: 'accent', callback: () => copy(kept.texts) },
        { label: 'Discard', displayType: 'warn', callback: discard }
      ]
    }
  );
}

/** Tell of what was typed in a cell that somebody was deleting at that moment. */
export function offerDeleted(text: string, putBack: () => void): void {
  Notification.warning('The cell in which you were typing was deleted by somebody else.', {
    autoClose: false,
    actions: [
      { label: 'Put it back', displayType: 'accent', callback: putBack },
      { label: 'Copy', callback: () => copy([text]) }
    ]
  });
}
