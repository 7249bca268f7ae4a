import { MainAreaWidget, ReactWidget } from '@jupyterlab/apputils';
import { useEffect, useState } from 'react';

import { historyIcon, useModel } from '../ui';
import { Current, History, PinForm } from './components/Production';
import { WebhookSection } from './components/WebhookSection';
import type { ProjectsModel } from './model';
import type { ProductionModel } from './production';

interface ProductionViewProps {
  model: ProductionModel;
  projects: ProjectsModel;
}

function ProductionView({ model, projects }: ProductionViewProps): JSX.Element {
  useModel(model);
  useModel(projects);
  /** The commit for which a reason is being asked. */
  const [pinning, setPinning] = useState<string | null>(null);
  useEffect(() => void model.load(), [model]);
  const project = projects.project(model.project);
  if (!project) {
    return (
      <p className="atrium-Empty" role="status">
        This project is not in the workspace any more.
      </p>
    );
  }
  const current = project.production?.sha ?? '';
  return (
    <div className="atrium-Production">
      <header className="atrium-Git-header">
        <h2>Production of {project.name}</h2>
        <span className="atrium-Muted">
          {project.production?.pin ? 'pinned' : `follows ${project.followed_branch}`}
        </span>
      </header>
      <div className="atrium-Production-body">
        <Current model={model} project={project} onPin={() => setPinning(current)} />
        {pinning ? (
          <PinForm key={pinning} model={model} sha={pinning} onClose={() => setPinning(null)} />
        ) : null}
        <History model={model} onPin={setPinning} />
        <WebhookSection model={model} />
      </div>
    </div>
  );
}

/** The view of a project's production, for the main area. */
export function productionWidget(props: ProductionViewProps, id: string, name: string): MainAreaWidget {
  const content = ReactWidget.create(<ProductionView {...props} />);
  content.addClass('atrium-ProductionWidget');
  const widget = new MainAreaWidget({ content });
  widget.toolbar.hide();
  widget.id = id;
  widget.title.label = `Production: ${name}`;
  widget.title.icon = historyIcon;
  widget.title.closable = true;
  widget.disposed.connect(() => props.model.dispose());
  return widget;
}
