import { type LabIcon, ReactWidget } from '@jupyterlab/ui-components';
import type { Widget } from '@lumino/widgets';
import type { ReactElement, ReactNode } from 'react';

export interface PanelProps {
  title: string;
  /** Buttons at the right of the title. */
  actions?: ReactNode;
  children?: ReactNode;
}

/** The inside of a side panel: a header and what scrolls below it. */
export function Panel(props: PanelProps): JSX.Element {
  return (
    <section className="atrium-Panel" aria-label={props.title}>
      <header className="atrium-Panel-header">
        <h2>{props.title}</h2>
        <div className="atrium-Panel-actions">{props.actions}</div>
      </header>
      <div className="atrium-Panel-body">{props.children}</div>
    </section>
  );
}

export interface PanelWidgetOptions {
  /** Unique and stable: layouts are restored by it, for example `atrium-projects`. */
  id: string;
  /** The tooltip of its tab, and its label where there is no icon. */
  caption: string;
  icon: LabIcon;
}

/** A thin Lumino widget around React, for `app.shell.add(widget, 'left' | 'right' | 'main')`. */
export function panelWidget(content: ReactElement, options: PanelWidgetOptions): Widget {
  const widget = ReactWidget.create(content);
  widget.id = options.id;
  widget.addClass('atrium-PanelWidget');
  widget.title.caption = options.caption;
  widget.title.icon = options.icon;
  return widget;
}
