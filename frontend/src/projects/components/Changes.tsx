import { Button, ErrorNote, List, OperationLine, useAction } from '../../ui';
import type { FileChange, GitModel } from '../git';
import type { OpenedBranch, ProjectsModel } from '../model';
import { count } from '../words';
import { CarryForm } from './CarryForm';
import { CommitForm } from './CommitForm';
import { Diff } from './Diff';
import { FileLabel, lineCounts } from './FileLabel';
import { Tick } from './Tick';

export interface ChangesProps {
  model: GitModel;
  projects: ProjectsModel;
  readOnly?: boolean;
  /** Changes were carried to a new branch: go there. */
  onCarried: (opened: OpenedBranch) => void;
}

/** What changed: choose, look, say what it is, commit. */
export function Changes({ model, projects, readOnly = false, onCarried }: ChangesProps): JSX.Element {
  const { status } = model;
  const project = projects.project(model.project);
  const none = status?.files.length === 0;
  return (
    <div className="atrium-Git-columns">
      <div className="atrium-Git-side">
        <List<FileChange>
          label="Changes"
          items={status?.files ?? null}
          itemKey={file => file.path}
          searchText={file => file.path}
          selected={model.path}
          onActivate={file => void model.show(file.path)}
          error={status ? null : model.error}
          onRetry={() => void model.load()}
          empty={{ message: 'Nothing has changed since the last commit.' }}
        >
          {file => <FileRow file={file} model={model} readOnly={readOnly} />}
        </List>
        {status?.truncated ? <p className="atrium-Empty">There are more files than are listed.</p> : null}
        <Undo model={model} />
        <UndoAmend model={model} />
        {project && !readOnly && !none && model.branch === project.followed_branch ? (
          <CarryForm projects={projects} project={project} branch={model.branch} onCarried={onCarried} />
        ) : null}
        {status && project && !readOnly ? (
          <CommitForm key={status.head} model={model} status={status} projects={projects} project={project} />
        ) : null}
        {none ? null : <OperationLine operation={model.operation} />}
      </div>
      <div className="atrium-Git-main">
        <ErrorNote error={model.diffError} />
        {model.diff && !none ? (
          <Diff diff={model.diff} committing={readOnly ? undefined : model.committing} />
        ) : null}
      </div>
    </div>
  );
}

function FileRow(props: { file: FileChange; model: GitModel; readOnly: boolean }): JSX.Element {
  const { file, model, readOnly } = props;
  const { staging } = model.committing;
  const discard = useAction(() => model.committing.discard({ paths: [file.path], partial: [] }));
  return (
    <div className="atrium-Git-file">
      <div className="atrium-Git-fileRow">
        {readOnly ? null : (
          <Tick
            label={`Commit ${file.path}`}
            ticked={staging.state(file.path)}
            onTick={ticked => staging.tick(file.path, ticked)}
          />
        )}
        <FileLabel file={file} />
        <span className="atrium-Muted atrium-Number">
          {staging.state(file.path) === 'some' ? 'in part · ' : ''}
          {file.cells ? count(file.cells, 'cell') : file.change === 'modified' ? '' : file.change}{' '}
          {lineCounts(file)}
        </span>
        {readOnly ? null : (
          <Button
            kind="quiet"
            busy={discard.busy}
            aria-label={`Discard the changes of ${file.path}`}
            onClick={event => {
              event.stopPropagation();
              void discard.run();
            }}
          >
            Discard
          </Button>
        )}
      </div>
      <ErrorNote error={discard.error} />
    </div>
  );
}

function UndoAmend({ model }: { model: GitModel }): JSX.Element | null {
  const undo = useAction(() => model.committing.undoAmend());
  const { amended } = model.committing;
  if (!amended || amended.sha !== model.status?.head) {
    return null;
  }
  return (
    <div className="atrium-Git-undo" role="status">
      <span className="atrium-List-label">Amended “{amended.summary}”</span>
      <Button kind="quiet" busy={undo.busy} onClick={() => void undo.run()}>
        Undo
      </Button>
      <ErrorNote error={undo.error} />
    </div>
  );
}

function Undo({ model }: { model: GitModel }): JSX.Element | null {
  const undo = useAction(() => model.committing.undoDiscard());
  const { discarded } = model.committing;
  if (!discarded) {
    return null;
  }
  return (
    <div className="atrium-Git-undo" role="status">
      <span className="atrium-List-label">Discarded {discarded.paths.join(', ')}</span>
      <Button kind="quiet" busy={undo.busy} onClick={() => void undo.run()}>
        Undo
      </Button>
      <ErrorNote error={undo.error} />
    </div>
  );
}
