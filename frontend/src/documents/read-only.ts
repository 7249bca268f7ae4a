import type { DocumentRegistry, IDocumentWidget } from '@jupyterlab/docregistry';
import { ReactWidget } from '@jupyterlab/apputils';
import type { Notebook } from '@jupyterlab/notebook';
import type { CommandRegistry } from '@lumino/commands';
import type { YDocument, DocumentChange } from '@jupyter/ydoc';
import type { CodeEditor } from '@jupyterlab/codeeditor';
import { createElement } from 'react';

import { ReadOnlyChip } from './components/ReadOnlyChip';

/** JupyterLab's commands that change a notebook or run it. */
const CHANGES =
  /^(notebook:(run-|cut-|paste-|delete-|insert-|duplicate-|merge-|split-|move-|change-cell|undo|redo|replace-|clear-|reset-|render-all-|toggle-render|change-to-|enable-output|access-)|runmenu:|editmenu:(undo|redo|clear)|docmanager:(save$|rename|delete)|fileeditor:(undo|redo|cut|paste|replace|run))/;
/** Of those, what leaves the notebook as it is. */
const HARMLESS = /^notebook:(render-all-|enable-output)/;

/** Whether a command changes the document in front. */
export function changes(command: string): boolean {
  return CHANGES.test(command) && !HARMLESS.test(command);
}

/** Keeps commands that change a document from being offered while one that nobody may change is in front. */
export function guardCommands(commands: CommandRegistry, isReadOnly: () => boolean): void {
  const isEnabled = commands.isEnabled.bind(commands);
  commands.isEnabled = (id, args) => isEnabled(id, args) && !(changes(id) && isReadOnly());
}

interface Editable {
  content: Partial<Notebook> & { editor?: CodeEditor.IEditor };
}

/** A document that this person looks at and does not change: presence works, everything else holds still. */
export function makeReadOnly(widget: IDocumentWidget, context: DocumentRegistry.Context, why: string): void {
  const { content } = widget as unknown as Editable;
  context.model.readOnly = true;
  widget.addClass('atrium-mod-readOnly');
  const { ydoc } = context.model.sharedModel as unknown as YDocument<DocumentChange>;
  // The last line of defence: what gets past the editors and commands would be refused by the server, and be lost.
  // What comes from the server does not go through here.
  ydoc.transact = (() => undefined) as unknown as typeof ydoc.transact;
  content.editor?.setOption('readOnly', true);
  if (content.widgets && content.modelContentChanged) {
    const notebook = content as Notebook;
    const lock = () => notebook.widgets.forEach(cell => (cell.readOnly = true));
    notebook.modelContentChanged.connect(lock);
    void context.ready.then(lock);
    lock();
  }
  const chip = ReactWidget.create(createElement(ReadOnlyChip, { why }));
  chip.addClass('atrium-ToolbarChip');
  widget.toolbar.insertBefore('atrium-saved', 'atrium-read-only', chip);
}
