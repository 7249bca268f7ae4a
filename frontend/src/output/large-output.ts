import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import { Panel, Widget } from '@lumino/widgets';

import type { Client } from '../api/client';
import { asApiError } from '../api/errors';
import {
  type About,
  BLOB_MIME,
  isText,
  joined,
  partsOf,
  readAbout,
  sizeOf,
  textMime,
  textOf,
  type WholeOutput
} from './large';
import { LongText, textWidget } from './large-text';

/** Before every other type that a placeholder has. */
const RANK = 1;
/** How far below what is seen an output begins to load. */
const AHEAD = '800px';
/** Until it is known, in pixels. */
const HEIGHT = 240;
/** Heights of outputs that were shown, so that nothing moves when they are shown again. */
const heights = new Map<string, number>();

type Load = (hash: string) => Promise<WholeOutput>;

/** An output that is kept beside its document: what is drawn loads when it is scrolled to, long text when asked for. */
class LargeOutput extends Panel implements IRenderMime.IRenderer {
  private _observer: IntersectionObserver | null = null;
  private _about: About | null = null;
  private _trusted = false;
  private _preview = '';
  private _isWanted = false;

  constructor(
    private readonly _rendermime: IRenderMimeRegistry,
    private readonly _load: Load
  ) {
    super();
    this.addClass('atrium-LargeOutput');
    // Arrow keys belong to the scrolled text, not to the notebook around it.
    this.node.dataset['lmSuppressShortcuts'] = 'true';
  }

  renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    const about = readAbout(model.data[BLOB_MIME]);
    if (about && about.hash === this._about?.hash && model.trusted === this._trusted) {
      return Promise.resolve();
    }
    this._about = about;
    this._trusted = model.trusted;
    this._preview = joined(model.data['text/plain']);
    if (!about) {
      this._show(note('This output cannot be read.'));
    } else if (isText(about)) {
      this._showParts(about);
    } else {
      this._showRoom(about);
    }
    return Promise.resolve();
  }

  protected override onAfterAttach(): void {
    const options = { rootMargin: AHEAD, scrollMargin: AHEAD };
    this._observer = new IntersectionObserver(entries => this._onSeen(entries), options);
    this._observer.observe(this.node);
  }

  protected override onBeforeDetach(): void {
    this._observer?.disconnect();
    this._observer = null;
  }

  private _onSeen(entries: IntersectionObserverEntry[]): void {
    const isSeen = entries.some(entry => entry.isIntersecting);
    if (isSeen && this._isWanted && this._about) {
      this._isWanted = false;
      void this._drawWhole(this._about);
    }
  }

  private _show(...widgets: Widget[]): void {
    for (const widget of [...this.widgets]) {
      widget.dispose();
    }
    widgets.forEach(widget => this.addWidget(widget));
  }

  // Text

  private _showParts(about: About): void {
    const { first, left, last } = partsOf(this._preview);
    const mime = textMime(about);
    const bar = () =>
      toolbar(left && `… ${left} more …`, [
        [`Show all ${sizeOf(about.size)}`, () => void this._showAll(about)],
        ['Download', () => void this._download(about)]
      ]);
    const widgets = [textWidget(this._rendermime, mime, first), bar()];
    if (last) {
      widgets.push(textWidget(this._rendermime, mime, last), bar());
    }
    this._show(...widgets);
  }

  private async _showAll(about: About): Promise<void> {
    const output = await this._loaded(about, () => this._showAll(about));
    if (!output) {
      return;
    }
    const text = new LongText(this._rendermime, textMime(about), textOf(output));
    const less = () => {
      this._showParts(about);
      this.node.scrollIntoView({ block: 'nearest' });
    };
    this._show(
      toolbar(sizeOf(about.size), [
        ['Show less', less],
        ['Download', () => save(textOf(output))]
      ]),
      text
    );
    this.node.scrollIntoView({ block: 'nearest' });
    text.node.focus({ preventScroll: true });
  }

  private async _download(about: About): Promise<void> {
    const output = await this._loaded(about, () => this._download(about));
    if (output) {
      save(textOf(output));
      this._showParts(about);
    }
  }

  // What is drawn

  private _showRoom(about: About): void {
    const room = note(`Loading ${sizeOf(about.size)}…`);
    room.addClass('atrium-LargeOutput-room');
    const known = heights.get(about.hash);
    if (about.width && about.height && known === undefined) {
      room.node.style.width = `${about.width}px`;
      room.node.style.aspectRatio = `${about.width} / ${about.height}`;
    } else {
      room.node.style.height = `${known ?? HEIGHT}px`;
    }
    this._show(room);
    this._isWanted = true;
    // Observed anew, it tells whether it is seen already.
    this._observer?.unobserve(this.node);
    this._observer?.observe(this.node);
  }

  private async _drawWhole(about: About): Promise<void> {
    const output = await this._loaded(about, () => {
      this._showRoom(about);
      return Promise.resolve();
    });
    if (!output) {
      return;
    }
    const { data = {}, metadata = {} } = output;
    const mime = this._rendermime.preferredMimeType(data, this._trusted ? 'any' : 'ensure');
    if (mime === undefined) {
      this._show(note('This output runs code. Run its cell, or trust the notebook, to see it.'));
      return;
    }
    const renderer = this._rendermime.createRenderer(mime);
    this.node.style.minHeight = `${this.node.offsetHeight}px`;
    this._show(renderer);
    try {
      await renderer.renderModel(this._rendermime.createModel({ data, metadata, trusted: this._trusted }));
      await Promise.all(
        [...renderer.node.querySelectorAll('img')].map(image => image.decode().catch(() => null))
      );
      if (this.node.isConnected) {
        requestAnimationFrame(() => heights.set(about.hash, this.node.offsetHeight));
      }
    } catch (error) {
      this._show(note(`This output cannot be drawn: ${String(error)}`));
    } finally {
      this.node.style.minHeight = '';
    }
  }

  /** The output; null if it could not be loaded, which is told, or if another one is to be shown by now. */
  private async _loaded(about: About, again: () => Promise<void>): Promise<WholeOutput | null> {
    this.node.setAttribute('aria-busy', 'true');
    try {
      const output = await this._load(about.hash);
      return this._about === about && !this.isDisposed ? output : null;
    } catch (thrown) {
      if (this._about === about && !this.isDisposed) {
        this._fail(about, thrown, again);
      }
      return null;
    } finally {
      this.node.removeAttribute('aria-busy');
    }
  }

  private _fail(about: About, thrown: unknown, again: () => Promise<void>): void {
    const { message, hint } = asApiError(thrown);
    const failed = [`This output (${sizeOf(about.size)}) could not be loaded.`, message, hint];
    const bar = toolbar(failed.filter(Boolean).join(' '), [['Retry', () => void again()]]);
    bar.addClass('atrium-mod-failed');
    bar.node.setAttribute('role', 'alert');
    if (isText(about)) {
      this.widgets.filter(one => one.hasClass('atrium-mod-failed')).forEach(one => one.dispose());
      this.insertWidget(1, bar);
    } else {
      this._show(bar);
    }
  }
}

function note(text: string): Widget {
  const node = document.createElement('p');
  node.textContent = text;
  const widget = new Widget({ node });
  widget.addClass('atrium-LargeOutput-note');
  return widget;
}

function toolbar(text: string, actions: [string, () => void][]): Widget {
  const widget = new Widget();
  widget.addClass('atrium-LargeOutput-bar');
  const said = document.createElement('span');
  said.textContent = text;
  widget.node.append(said);
  for (const [label, act] of actions) {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'atrium-LargeOutput-action';
    button.textContent = label;
    button.addEventListener('click', act);
    widget.node.append(button);
  }
  return widget;
}

function save(text: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], { type: 'text/plain' }));
  link.download = 'output.txt';
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

export function largeOutputFactory(
  rendermime: IRenderMimeRegistry,
  client: Client
): IRenderMime.IRendererFactory {
  const load: Load = hash =>
    client.request<WholeOutput>('GET', `documents/blobs/${encodeURIComponent(hash)}`);
  return {
    safe: true,
    mimeTypes: [BLOB_MIME],
    defaultRank: RANK,
    createRenderer: ({ resolver, linkHandler, trustHandler, latexTypesetter, markdownParser, sanitizer }) =>
      // What is inside is drawn as it would be without the placeholder, in its notebook.
      new LargeOutput(
        rendermime.clone({
          sanitizer,
          ...(resolver && { resolver }),
          ...(linkHandler && { linkHandler }),
          ...(trustHandler && { trustHandler }),
          ...(latexTypesetter && { latexTypesetter }),
          ...(markdownParser && { markdownParser })
        }),
        load
      )
  };
}
