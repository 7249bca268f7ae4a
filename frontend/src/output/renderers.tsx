import { ReactWidget } from '@jupyterlab/apputils';
import type { INotebookTracker } from '@jupyterlab/notebook';
import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import { type ReactElement, useState } from 'react';

import { asApiError, inOne } from '../api/errors';
import {
  type Choice,
  Dropdown,
  readTable,
  readWidget,
  TABLE_MIME,
  type TableData,
  TableView,
  WIDGET_MIME,
  type WidgetData
} from '../ui/output';
import { pick, placeOf } from './widgets';

/** Before HTML (50 and more in JupyterLab), which pandas gives as well. */
const RANK = 20;

/** How long after a choice the widget that replaces the changed one may take its focus. */
const FOCUS_MS = 30_000;

/** An output drawn by React from JSON; it holds nothing that could run, so every notebook may show it. */
abstract class JsonOutput<Data> extends ReactWidget implements IRenderMime.IRenderer {
  private _data: Data | null = null;

  constructor(private readonly _mimeType: string) {
    super();
    this.addClass('atrium-OutputWidget');
    // Arrow keys belong to the select and the scrolled table, not to the notebook around them.
    this.node.dataset['lmSuppressShortcuts'] = 'true';
  }

  renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    this._data = this.read(model.data[this._mimeType]);
    this.update();
    return this.renderPromise ?? Promise.resolve();
  }

  protected override render(): ReactElement | null {
    return this._data === null ? <p>This output cannot be read.</p> : this.draw(this._data);
  }

  protected abstract read(value: unknown): Data | null;
  protected abstract draw(data: Data): ReactElement;
}

class TableOutput extends JsonOutput<TableData> {
  protected override read(value: unknown): TableData | null {
    return readTable(value);
  }

  protected override draw(table: TableData): ReactElement {
    return <TableView table={table} />;
  }
}

class WidgetOutput extends JsonOutput<WidgetData> {
  constructor(
    mimeType: string,
    private readonly _tracker: INotebookTracker
  ) {
    super(mimeType);
  }

  protected override read(value: unknown): WidgetData | null {
    return readWidget(value);
  }

  protected override draw(widget: WidgetData): ReactElement {
    return <LiveDropdown widget={widget} output={this} tracker={this._tracker} />;
  }
}

interface LiveDropdownProps {
  widget: WidgetData;
  output: WidgetOutput;
  tracker: INotebookTracker;
}

/** The widget that was changed last: running its cell replaces its output, and the focus should stay. */
let changed: { cell: string; name: string; at: number } | null = null;

function LiveDropdown({ widget, output, tracker }: LiveDropdownProps): JSX.Element {
  const [picked, setPicked] = useState<{ of: WidgetData; value: Choice } | null>(null);
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const [focus] = useState(() => takesFocus(widget.name, output, tracker));
  const onChange = async (value: Choice) => {
    const place = placeOf(output, tracker);
    if (!place) {
      setError('Choose in the notebook itself.');
      return;
    }
    changed = {
      cell: place.panel.content.widgets[place.cell]?.model.id ?? '',
      name: widget.name,
      at: Date.now()
    };
    setPicked({ of: widget, value });
    setError(null);
    setBusy(true);
    try {
      await pick(place, widget.name, value);
    } catch (thrown) {
      setError(inOne(asApiError(thrown)));
      setPicked(null);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dropdown
      widget={widget}
      value={picked?.of === widget ? picked.value : widget.value}
      onChange={value => void onChange(value)}
      busy={busy}
      error={error}
      focus={focus}
    />
  );
}

function takesFocus(name: string, output: WidgetOutput, tracker: INotebookTracker): boolean {
  if (changed?.name !== name || Date.now() - changed.at > FOCUS_MS) {
    return false;
  }
  const place = placeOf(output, tracker);
  const focused = document.activeElement;
  // Somebody who types elsewhere meanwhile goes on typing.
  const free =
    focused === null ||
    focused === document.body ||
    (place?.panel.content.node.contains(focused) && !focused.closest('.jp-Editor, input, textarea, select'));
  return free === true && place?.panel.content.widgets[place.cell]?.model.id === changed.cell;
}

export function tableFactory(): IRenderMime.IRendererFactory {
  return {
    safe: true,
    mimeTypes: [TABLE_MIME],
    defaultRank: RANK,
    createRenderer: options => new TableOutput(options.mimeType)
  };
}

export function widgetFactory(tracker: INotebookTracker): IRenderMime.IRendererFactory {
  return {
    safe: true,
    mimeTypes: [WIDGET_MIME],
    defaultRank: RANK,
    createRenderer: options => new WidgetOutput(options.mimeType, tracker)
  };
}
