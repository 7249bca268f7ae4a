import type { ICodeCellModel } from '@jupyterlab/cells';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import type { EnvironmentModel } from './model';

/** How long after attaching a kernel that still starts is restarted without asking. */
const SETTLE_MS = 60_000;

/** A notebook's environment and the kernel that runs, or does not yet run, in it. */
export class NotebookEnvironment implements IDisposable {
  readonly panel: NotebookPanel;
  readonly model: EnvironmentModel;
  private readonly _changed = new Signal<this, void>(this);
  /** What the notebook declared when its kernel started; null while there is no kernel. */
  private _started: string | null = null;
  private _kernel: string | null = null;
  private _settleUntil = 0;

  constructor(panel: NotebookPanel, model: EnvironmentModel) {
    this.panel = panel;
    this.model = model;
    model.changed.connect(this._onChanged);
    panel.sessionContext.kernelChanged.connect(this._onKernel);
    panel.sessionContext.statusChanged.connect(this._onStatus);
    panel.disposed.connect(() => this.dispose());
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Whether the kernel runs in another environment than the notebook declares by now. */
  get outdated(): boolean {
    const digest = this.model.status?.digest;
    return this._started !== null && Boolean(digest) && digest !== this._started;
  }

  get isDisposed(): boolean {
    return this.model.isDisposed;
  }

  /** Restart the kernel; what runs in it is interrupted, its variables are gone. */
  async restart(): Promise<void> {
    await this.panel.sessionContext.session?.kernel?.restart();
    this._kernelStarted();
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
      this.panel.sessionContext.kernelChanged.disconnect(this._onKernel);
      this.panel.sessionContext.statusChanged.disconnect(this._onStatus);
      this.model.dispose();
      Signal.clearData(this);
    }
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

  private readonly _onChanged = (): void => {
    // The kernel was there before the first answer.
    if (this._kernel !== null && this._started === null) {
      this._started = this.model.status?.digest ?? null;
    }
    this._changed.emit();
  };

  private readonly _onKernel = (): void => {
    const id = this.panel.sessionContext.session?.kernel?.id ?? null;
    if (id !== this._kernel) {
      this._kernel = id;
      this._kernelStarted();
    }
  };

  private readonly _onStatus = (_: unknown, status: string): void => {
    if (status === 'restarting' || status === 'autorestarting') {
      this._kernelStarted();
    } else if (status === 'idle') {
      void this._settle().catch(error => console.warn('Atrium: the kernel did not restart.', error));
    }
  };

  private _kernelStarted(): void {
    this._started = this._kernel === null ? null : this.model.status?.digest || null;
    this._changed.emit();
  }
}
