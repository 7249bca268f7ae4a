import { IFrame, MainAreaWidget } from '@jupyterlab/apputils';
import type { JupyterFrontEnd } from '@jupyterlab/application';

import { calendarIcon } from '../ui';
import type { JobsModel, Run } from './model';
import { STATES } from './words';

/** The tabs with executed notebooks: one a run, loaded again when its run gets on. */
export class RunPages {
  private readonly _app: JupyterFrontEnd;
  private readonly _model: JobsModel;
  private readonly _isDark: () => boolean;
  private readonly _open = new Map<string, { tab: MainAreaWidget<IFrame>; seen: string }>();

  constructor(app: JupyterFrontEnd, model: JobsModel, isDark: () => boolean) {
    this._app = app;
    this._model = model;
    this._isDark = isDark;
    model.changed.connect(() => this._refresh());
  }

  /** Show a run's page, in its tab if it has one. */
  show(id: string): void {
    let open = this._open.get(id);
    if (!open) {
      // Nothing may run in it and it is no part of this origin; its links may open tabs of their own.
      const content = new IFrame({ sandbox: ['allow-popups'], loading: 'eager' });
      content.addClass('atrium-Jobs-page');
      const tab = new MainAreaWidget({ content });
      tab.id = `atrium-run-${id}`;
      tab.title.icon = calendarIcon;
      tab.title.closable = true;
      tab.disposed.connect(() => this._open.delete(id));
      open = { tab, seen: '' };
      this._open.set(id, open);
      this._load(id);
    }
    if (!open.tab.isAttached) {
      this._app.shell.add(open.tab, 'main');
    }
    this._app.shell.activateById(open.tab.id);
  }

  private _refresh(): void {
    for (const id of this._open.keys()) {
      this._load(id);
    }
  }

  private _load(id: string): void {
    const open = this._open.get(id);
    const run = this._model.runs?.find(one => one.id === id);
    const seen = run ? `${run.state} ${run.message}` : 'unknown';
    if (open && open.seen !== seen) {
      open.seen = seen;
      open.tab.title.label = run?.name ?? 'Run';
      open.tab.title.caption = run ? captionOf(run) : '';
      open.tab.content.url = this._model.pageUrl(id, this._isDark() ? 'dark' : 'light');
    }
  }
}

function captionOf(run: Run): string {
  return `${STATES[run.state]}: ${run.project_name} / ${run.notebook}, commit ${run.commit.slice(0, 7)}`;
}
