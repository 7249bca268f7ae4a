import type { JupyterFrontEnd } from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import type { IDocumentManager } from '@jupyterlab/docmanager';
import { URLExt } from '@jupyterlab/coreutils';
import type { FileBrowser } from '@jupyterlab/filebrowser';
import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { ServerConnection } from '@jupyterlab/services';

import type { Branch, OpenedBranch, Project } from './model';

const MARKDOWN_PREVIEW = 'Markdown Preview';

/** Goes to notebooks and folders of branches. */
export class Navigator {
  private readonly _app: JupyterFrontEnd;
  private readonly _documents: IDocumentManager;
  private readonly _tracker: INotebookTracker;
  private readonly _browser: FileBrowser | null;

  constructor(
    app: JupyterFrontEnd,
    documents: IDocumentManager,
    tracker: INotebookTracker,
    browser: FileBrowser | null
  ) {
    this._app = app;
    this._documents = documents;
    this._tracker = tracker;
    this._browser = browser;
  }

  /** After a clone: the README beside the first notebook, which is in front. */
  openClone(opened: OpenedBranch): void {
    if (opened.readme) {
      const factory = opened.readme.toLowerCase().endsWith('.md') ? MARKDOWN_PREVIEW : 'default';
      this._documents.openOrReveal(opened.readme, factory);
    }
    if (opened.notebook) {
      this._documents.openOrReveal(opened.notebook);
    }
    void this.showFolder(opened.folder);
  }

  /** The branch's first notebook, or its folder when it has none. */
  open(opened: OpenedBranch): void {
    if (opened.notebook) {
      this._documents.openOrReveal(opened.notebook);
    }
    void this.showFolder(opened.folder);
  }

  /** A new notebook in a branch that has none. */
  async create(opened: OpenedBranch): Promise<void> {
    await this._app.commands.execute('notebook:create-new', { cwd: opened.folder, activate: true });
  }

  /** The folder that the file browser shows. */
  get folder(): string {
    return this._app.serviceManager.contents.localPath(this._browser?.model.path ?? '');
  }

  async showFolder(folder: string): Promise<void> {
    await this._browser?.model.cd(`/${folder}`).catch(() => undefined);
  }

  /** Write what is open below a branch's folder to the disk. */
  async save(branch: Branch | null): Promise<void> {
    const folder = branch?.folder;
    if (!folder) {
      return;
    }
    const panels: NotebookPanel[] = [];
    this._tracker.forEach(panel => panels.push(panel));
    await Promise.all(
      panels
        .filter(panel => this._local(panel).startsWith(`${folder}/`) && panel.context.model.sharedModel.dirty)
        .map(panel => panel.context.save().catch(() => undefined))
    );
  }

  /**
   * Show the notebook of another branch in the place of `panel`: same tab, same cell, same scroll, same kernel.
   * Others who have the old notebook open keep the kernel; then the new one begins its own.
   */
  async replace(panel: NotebookPanel, opened: OpenedBranch, project: Project): Promise<void> {
    await this._replace(panel, opened);
    tellKept(opened, project);
  }

  /** Show every notebook that is open below a branch's folder as another branch has it. */
  async follow(folder: string, opened: OpenedBranch, project: Project): Promise<void> {
    const panels: NotebookPanel[] = [];
    this._tracker.forEach(panel => panels.push(panel));
    for (const panel of panels.filter(one => this._local(one).startsWith(`${folder}/`))) {
      const notebook = `${opened.folder}${this._local(panel).slice(folder.length)}`;
      await this._replace(panel, { ...opened, notebook });
    }
    tellKept(opened, project);
  }

  private async _replace(panel: NotebookPanel, opened: OpenedBranch): Promise<void> {
    if (!opened.notebook) {
      Notification.info(`${opened.branch} has no notebook yet.`);
      void this.showFolder(opened.folder);
      return;
    }
    const place = remember(panel);
    const shared = others(panel);
    if (shared.length === 0) {
      await this._moveSession(panel, opened.notebook);
    } else if (panel.sessionContext.session) {
      Notification.info(
        `${shared.join(' and ')} ${shared.length === 1 ? 'works' : 'work'} in the other branch too, so the kernel stayed there.`,
        { autoClose: 5_000 }
      );
    }
    const next = this._documents.openOrReveal(opened.notebook, 'default', undefined, {
      ref: panel.id,
      mode: 'tab-after',
      activate: true
    }) as NotebookPanel | undefined;
    panel.dispose();
    if (next) {
      await next.revealed;
      restore(next, place);
    }
    void this.showFolder(opened.folder);
  }

  /** Give the notebook's session another path, so that the notebook there finds its kernel. */
  private async _moveSession(panel: NotebookPanel, path: string): Promise<void> {
    const { session } = panel.sessionContext;
    if (!session) {
      return;
    }
    const settings = this._app.serviceManager.serverSettings;
    const url = URLExt.join(settings.baseUrl, 'api/sessions', session.id);
    // This tab lets go first: it would follow the session's new path with the old document.
    session.dispose();
    const response = await ServerConnection.makeRequest(
      url,
      { method: 'PATCH', body: JSON.stringify({ path, name: path.split('/').pop(), type: 'notebook' }) },
      settings
    );
    if (!response.ok) {
      Notification.warning('The kernel could not be taken along; the notebook starts a new one.');
    }
  }

  private _local(panel: NotebookPanel): string {
    return this._app.serviceManager.contents.localPath(panel.context.path);
  }
}

interface Remembered {
  cell: number;
  mode: 'command' | 'edit';
  scroll: number;
}

function remember(panel: NotebookPanel): Remembered {
  const { content } = panel;
  return {
    cell: content.activeCellIndex,
    mode: content.mode,
    scroll: content.outerNode.scrollTop
  };
}

function restore(panel: NotebookPanel, { cell, mode, scroll }: Remembered): void {
  const { content } = panel;
  content.activeCellIndex = Math.min(cell, content.widgets.length - 1);
  content.mode = mode;
  // The cells get their heights over the next frames.
  let frames = 0;
  const set = () => {
    content.outerNode.scrollTop = scroll;
    if (++frames < 10 && !panel.isDisposed) {
      requestAnimationFrame(set);
    }
  };
  set();
}

interface Awareness {
  clientID: number;
  getStates(): Map<number, { user?: { username?: string; display_name?: string; name?: string } }>;
}

/** The other people who have the notebook open now. */
function others(panel: NotebookPanel): string[] {
  const { awareness } = panel.context.model.sharedModel as unknown as { awareness?: Awareness };
  if (!awareness) {
    return [];
  }
  const me = awareness.getStates().get(awareness.clientID)?.user?.username;
  const names = new Set<string>();
  for (const [id, { user }] of awareness.getStates()) {
    if (id !== awareness.clientID && user && user.username !== me) {
      names.add(user.display_name ?? user.name ?? user.username ?? 'Somebody');
    }
  }
  return [...names];
}

function tellKept(opened: OpenedBranch, project: Project): void {
  const kept = Object.entries(opened.kept ?? {});
  if (kept.length) {
    const files = kept.map(([path, people]) => `${people.join(' and ')}: ${path}`).join('; ');
    Notification.info(
      `Your edits were copied to ${opened.branch} and also stay where they were, for others have them open (${files}).`,
      { autoClose: 8_000 }
    );
  } else if (opened.carried?.length) {
    const carried = opened.carried.length;
    Notification.info(
      `${carried} uncommitted ${carried === 1 ? 'file' : 'files'} of ${project.name} came along to ${opened.branch}.`,
      { autoClose: 4_000 }
    );
  }
}
