import { MainAreaWidget, ReactWidget } from '@jupyterlab/apputils';
import { useEffect, useState } from 'react';

import { Button, ErrorNote, historyIcon, useModel } from '../ui';
import { CommitPane } from './components/CommitPane';
import { CommitRows } from './components/CommitRows';
import { RestNote } from './components/RestNote';
import type { Wanted } from './commit-pages';
import type { CommitsModel } from './commits';
import type { Branch, ProjectsModel } from './model';

interface CommitsViewProps {
  model: CommitsModel;
  projects: ProjectsModel;
}

const FIELDS: Record<Wanted['by'], string> = { message: 'Message or id', author: 'Author', path: 'File' };

function CommitsView({ model, projects }: CommitsViewProps): JSX.Element {
  useModel(model);
  useModel(projects);
  useEffect(() => void model.load(), [model]);
  const [branches, setBranches] = useState<Branch[]>([]);
  const project = projects.project(model.project);
  useEffect(() => {
    // Without them there are those of the project.
    void projects.branches(model.project).then(setBranches, () => undefined);
  }, [projects, model.project, project?.branches.length]);
  const { wanted, commits } = model;
  const names = [
    ...new Set([model.home, ...[...(project?.branches ?? []), ...branches].map(one => one.name)])
  ];
  return (
    <div className="atrium-Git atrium-Commits">
      <header className="atrium-Git-header atrium-Commits-header">
        <h2>
          {project?.name} <span className="atrium-Muted">·</span> History
        </h2>
        <select
          className="atrium-Input"
          aria-label="Branch"
          value={wanted.branch}
          onChange={event => void model.want({ branch: event.target.value })}
        >
          <option value="">All branches</option>
          {names.map(name => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
        <Search model={model} />
      </header>
      <div className="atrium-Commits-columns">
        <div className="atrium-Commits-list">
          <RestNote model={projects} project={model.project} />
          <ErrorNote error={model.error} onRetry={() => void model.load()} />
          {commits?.length ? (
            <CommitRows model={model} />
          ) : commits === null && !model.error ? (
            <div className="atrium-Skeleton" role="status" aria-label="Loading commits">
              <span />
              <span />
              <span />
            </div>
          ) : model.error ? null : (
            <div className="atrium-Empty" role="status">
              <p>{wanted.text ? `No commit matches “${wanted.text}”.` : 'There are no commits yet.'}</p>
              {wanted.text ? (
                <Button onClick={() => void model.want({ text: '' })}>Show all commits</Button>
              ) : null}
            </div>
          )}
        </div>
        <div className="atrium-Commits-pane">
          <CommitPane model={model} readOnly={project !== null && !project.may_write} />
        </div>
      </div>
    </div>
  );
}

function Search({ model }: { model: CommitsModel }): JSX.Element {
  const { by, text } = model.wanted;
  const [typed, setTyped] = useState(text);
  const [last, setLast] = useState(text);
  if (last !== text) {
    setLast(text);
    setTyped(text);
  }
  return (
    <form
      className="atrium-Commits-search"
      role="search"
      onSubmit={event => {
        event.preventDefault();
        void model.want({ text: typed.trim() });
      }}
    >
      <select
        className="atrium-Input"
        aria-label="Search in"
        value={by}
        onChange={event => void model.want({ by: event.target.value as Wanted['by'] })}
      >
        {Object.entries(FIELDS).map(([field, label]) => (
          <option key={field} value={field}>
            {label}
          </option>
        ))}
      </select>
      <input
        type="search"
        className="atrium-Input"
        placeholder="Search, then Enter"
        aria-label="Search commits"
        maxLength={200}
        value={typed}
        onChange={event => {
          setTyped(event.target.value);
          if (event.target.value === '' && text) {
            void model.want({ text: '' });
          }
        }}
      />
    </form>
  );
}

/** The commits of a project, for the main area. */
export function commitsWidget(props: CommitsViewProps, id: string, name: string): MainAreaWidget {
  const content = ReactWidget.create(<CommitsView {...props} />);
  content.addClass('atrium-GitWidget');
  const widget = new MainAreaWidget({ content });
  widget.toolbar.hide();
  widget.id = id;
  widget.title.label = `History: ${name}`;
  widget.title.icon = historyIcon;
  widget.title.closable = true;
  widget.disposed.connect(() => props.model.dispose());
  return widget;
}
