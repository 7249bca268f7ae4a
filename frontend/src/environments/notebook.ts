import { Notification } from '@jupyterlab/apputils';
import type { ICodeCellModel } from '@jupyterlab/cells';
import { PathExt } from '@jupyterlab/coreutils';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import type { CellDrift, KernelModel } from './kernel';
import type { EnvironmentModel } from './model';

/** How long after attaching a kernel that still starts is restarted without asking. */
const SETTLE_MS = 60_000;
/** How long the chip says what was added. */
const NEWS_MS = 60_000;

/** A notebook's environment and the kernel that runs, or does not yet run, in it. */
export class NotebookEnvironment implements IDisposable {
  readonly panel: NotebookPanel;
  readonly model: EnvironmentModel;
  readonly kernel: KernelModel;
  private readonly _changed = new Signal<this, void>(this);
  /** The kernel and the environment that it was asked to go on in. */
  private _asked = '';
  private _asking = false;
  /** How many packages the kernel has got while it ran, as far as that has been seen; null while nothing is known. */
  private _seen: number | null = null;
  private _news = 0;
  private _newsTimer: ReturnType<typeof setTimeout> | undefined;
  private _settleUntil = 0;
  private _before = '';
  private _notice = '';

  constructor(panel: NotebookPanel, model: EnvironmentModel, kernel: KernelModel) {
    this.panel = panel;
    this.model = model;
    this.kernel = kernel;
    model.changed.connect(this._onChanged);
    kernel.changed.connect(this._onKernelStatus);
    panel.sessionContext.kernelChanged.connect(this._onKernel);
    panel.sessionContext.statusChanged.connect(this._onStatus);
    panel.disposed.connect(() => this.dispose());
    this._onKernel();
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Whether it takes a restart for the kernel to run in what the notebook declares by now. */
  get outdated(): boolean {
    return this._differs && !this.moving;
  }

  /** Whether the kernel is about to go on with more packages. */
  get moving(): boolean {
    return this._asking || Boolean(this.kernel.status?.moving);
  }

  /** How many packages the running kernel has got just now. */
  get news(): number {
    return this._news;
  }

  /** What cells have installed, or done to the environment, beside what is declared. */
  get drift(): CellDrift[] {
    return this.kernel.status?.drift ?? [];
  }

  get isDisposed(): boolean {
    return this.model.isDisposed;
  }

  /** Restart the kernel; what runs in it is interrupted, its variables are gone. */
  async restart(): Promise<void> {
    await this.panel.sessionContext.session?.kernel?.restart();
  }

  /**
   * The environment changes by what this person just did: restart the kernel by itself if nothing is lost by it, at
   * once or when it has started.
   */
  async settle(): Promise<void> {
    await this.model.build();
    this._settleUntil = Date.now() + SETTLE_MS;
    await this._settle();
  }

  dispose(): void {
    if (!this.isDisposed) {
      clearTimeout(this._newsTimer);
      this.panel.sessionContext.kernelChanged.disconnect(this._onKernel);
      this.panel.sessionContext.statusChanged.disconnect(this._onStatus);
      this.model.dispose();
      this.kernel.dispose();
      Signal.clearData(this);
    }
  }

  private get _differs(): boolean {
    const { status } = this.model;
    const running = this.kernel.status;
    return status?.state === 'ready' && running?.state === 'started' && running.environment !== status.id;
  }

  private async _settle(): Promise<void> {
    const kernel = this.panel.sessionContext.session?.kernel;
    if (kernel?.status === 'idle' && Date.now() < this._settleUntil && this.outdated) {
      this._settleUntil = 0;
      if (this._untouched) {
        await this.restart();
      }
    }
  }

  /** Whether no cell has been run or waits to be. */
  private get _untouched(): boolean {
    const cells = [...(this.panel.content.model?.cells ?? [])];
    return cells.every(cell => {
      const { executionCount, executionState } = cell as Partial<ICodeCellModel>;
      return !executionCount && executionState !== 'running';
    });
  }

  /** Have the kernel go on in what is declared now, once for each; whoever only reads leaves that to others. */
  private async _follow(): Promise<void> {
    const wanted = `${this.kernel.status?.id} ${this.kernel.status?.environment} ${this.model.status?.id}`;
    if (this._differs && this.model.mayBuild && wanted !== this._asked) {
      this._asked = wanted;
      this._asking = true;
      this._changed.emit();
      await this.kernel.follow().finally(() => (this._asking = false));
      this._changed.emit();
      await this._settle();
    }
  }

  private readonly _onChanged = (): void => {
    void this._follow().catch(error => console.warn('Atrium: the kernel did not go on.', error));
    this._changed.emit();
  };

  private readonly _onKernelStatus = (): void => {
    const added = this.kernel.status?.added?.length ?? null;
    if (added !== null && this._seen !== null && added > this._seen) {
      this._news = added - this._seen;
      clearTimeout(this._newsTimer);
      this._newsTimer = setTimeout(() => {
        this._news = 0;
        this._changed.emit();
      }, NEWS_MS);
    } else if (!added) {
      this._news = 0;
    }
    this._seen = added;
    if (this.kernel.status) {
      this._tellBefore(this.kernel.status.before ?? '');
    }
    if (this.kernel.status?.state === 'ended') {
      // JupyterLab would find out in some seconds, and have cells run in a kernel that is none.
      void this.panel.sessionContext.sessionManager.refreshRunning();
    }
    this._onChanged();
  };

  /** Say why this kernel begins with nothing, until a cell has run in it. */
  private _tellBefore(before: string): void {
    if (before !== this._before) {
      this._before = before;
      if (this._notice) {
        Notification.dismiss(this._notice);
      }
      const name = PathExt.basename(this.panel.context.path);
      this._notice = before && Notification.info(`${name}: ${before}`, { autoClose: false });
    }
  }

  private readonly _onKernel = (): void => {
    this.kernel.id = this.panel.sessionContext.session?.kernel?.id ?? null;
  };

  private readonly _onStatus = (_: unknown, status: string): void => {
    if (status === 'idle') {
      void this._settle().catch(error => console.warn('Atrium: the kernel did not restart.', error));
    }
  };
}
