import { MainAreaWidget, ReactWidget } from '@jupyterlab/apputils';
import { useEffect } from 'react';

import { ErrorNote, packageIcon, RelativeTime, useModel } from '../ui';
import { AddPackage } from './components/AddPackage';
import { Changes, Installed, Lock } from './components/Report';
import { Trusted } from './components/Trust';
import type { ReportModel } from './report';
import { notUsed, traits } from './words';

function ReportView({ model }: { model: ReportModel }): JSX.Element {
  useModel(model);
  useEffect(() => void model.load(), [model]);
  const { report, error } = model;
  return (
    <div className="atrium-Report">
      <header className="atrium-Git-header">
        <h2>Environment of {model.notebook.split('/').pop()}</h2>
        <span className="atrium-Muted">
          {report ? `${traits(report).join(' · ')} · ` : ''}
          {report ? <RelativeTime time={report.built} /> : null}
        </span>
      </header>
      <div className="atrium-Report-body">
        <ErrorNote error={error} onRetry={() => void model.load()} />
        {report ? (
          <p>
            Declared by <strong>{report.source || 'nothing: popular libraries'}</strong>
            {notUsed(report).length ? (
              <span className="atrium-Muted"> · also found, not used: {notUsed(report).join(', ')}</span>
            ) : null}
          </p>
        ) : null}
        {model.mayWrite ? <AddPackage model={model} /> : null}
        <Trusted model={model} />
        {report?.base ? <Changes report={report} /> : null}
        {report || !error ? <Installed report={report} /> : null}
        {report ? <Lock model={model} report={report} /> : null}
      </div>
    </div>
  );
}

/** All about a notebook's environment, for the main area. */
export function reportWidget(model: ReportModel, id: string, label: string): MainAreaWidget {
  const content = ReactWidget.create(<ReportView model={model} />);
  content.addClass('atrium-ReportWidget');
  const widget = new MainAreaWidget({ content });
  widget.toolbar.hide();
  widget.id = id;
  widget.title.label = label;
  widget.title.icon = packageIcon;
  widget.title.closable = true;
  widget.disposed.connect(() => model.dispose());
  return widget;
}
