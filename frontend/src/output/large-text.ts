import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { Panel, Widget } from '@lumino/widgets';

import { blocksOf } from './large';

/** How far beyond what is seen the text is drawn already. */
const AHEAD = '1500px';

/** A text as JupyterLab draws it, at once. */
export function textWidget(rendermime: IRenderMimeRegistry, mime: string, text: string): Widget {
  const renderer = rendermime.createRenderer(mime);
  void renderer.renderModel(rendermime.createModel({ data: { [mime]: text } }));
  return renderer;
}

/** Megabytes of text in a box that scrolls; what is far from what is seen is not drawn. */
export class LongText extends Panel {
  private _observer: IntersectionObserver | null = null;
  private readonly _waiting = new Map<Element, () => void>();

  constructor(
    private readonly _rendermime: IRenderMimeRegistry,
    private readonly _mime: string,
    text: string
  ) {
    super();
    this.addClass('atrium-LargeOutput-box');
    this.node.tabIndex = 0;
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', 'The whole output');
    for (const block of blocksOf(text)) {
      const panel = new Panel();
      panel.addClass('atrium-LargeOutput-block');
      panel.node.style.setProperty('--atrium-lines', String(block.lines));
      this._waiting.set(panel.node, () => {
        panel.addWidget(textWidget(this._rendermime, this._mime, block.text));
        panel.addClass('atrium-mod-drawn');
      });
      this.addWidget(panel);
    }
  }

  protected override onAfterAttach(): void {
    this._observer = new IntersectionObserver(entries => this._draw(entries), {
      root: this.node,
      rootMargin: AHEAD
    });
    for (const node of this._waiting.keys()) {
      this._observer.observe(node);
    }
  }

  protected override onBeforeDetach(): void {
    this._observer?.disconnect();
    this._observer = null;
  }

  private _draw(entries: IntersectionObserverEntry[]): void {
    for (const { target } of entries.filter(entry => entry.isIntersecting)) {
      this._waiting.get(target)?.();
      this._waiting.delete(target);
      this._observer?.unobserve(target);
    }
  }
}
