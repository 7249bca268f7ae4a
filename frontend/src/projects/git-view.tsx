import { MainAreaWidget, ReactWidget } from '@jupyterlab/apputils';
import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { Message } from '@lumino/messaging';
import type { Widget } from '@lumino/widgets';
import { useEffect } from 'react';

import { branchIcon, Button, ErrorNote, historyIcon, OperationLine, useAction, useModel } from '../ui';
import { AsidesView } from './components/AsidesView';
import { Changes } from './components/Changes';
import { DiffOptions, useDiffLayout } from './components/diff-options';
import { LargeFilesView } from './components/LargeFilesView';
import { PullRequestLine } from './components/PullRequestLine';
import { Resolver } from './components/Resolver';
import { ReviewView } from './components/ReviewView';
import { SignIn } from './components/SignIn';
import { SubmodulesView } from './components/SubmodulesView';
import type { GitModel } from './git';
import type { OpenedBranch, ProjectsModel } from './model';
import type { Pulled } from './pulling';
import type { PullRequestModel } from './requests';
import { count } from './words';

interface GitViewProps {
  model: GitModel;
  projects: ProjectsModel;
  request: PullRequestModel;
  onHistory: () => void;
  /** Changes were carried to a new branch: go there. */
  onCarried: (opened: OpenedBranch) => void;
  /** Draws outputs. */
  rendermime: IRenderMimeRegistry;
}

function GitView(props: GitViewProps): JSX.Element {
  const { model, projects, request, rendermime } = props;
  useModel(model);
  useModel(projects);
  const { run } = useAction(() => model.open());
  useEffect(() => void run(), [run]);
  const push = useAction(() => model.push());
  const pull = useAction((how: 'merge' | 'rebase') => model.pulling.pull('', how));
  const undo = useAction(() => model.pulling.undo());
  const review = useAction(() => model.openReview());
  const project = projects.project(model.project);
  const { status, pulling } = model;
  const goOn = useAction(() => pulling.goOn());
  const failed = model.operation?.error ? model.operation.operation?.kind : null;
  const again = review.error
    ? review
    : failed === 'projects.push'
      ? push
      : failed === 'projects.pull'
        ? goOn
        : null;
  const target = project?.followed_branch ?? 'main';
  const readOnly = project !== null && !project.may_write;
  const reviewable = status?.upstream === true && model.branch !== target && status.ahead === 0;
  const [layout, choose] = useDiffLayout();
  const options = {
    layout,
    choose,
    rendermime,
    outputs: (path: string, part: string) => model.committing.outputs(path, part)
  };
  const ticked = model.committing.staging.of(status?.files.map(file => file.path) ?? []).paths;
  const quiet = status !== null && status.files.length === 0;
  return (
    <DiffOptions.Provider value={options}>
      <div className="atrium-Git">
        <header className="atrium-Git-header">
          <h2>
            {project?.name} <span className="atrium-Muted">·</span> {model.branch}
          </h2>
          <span className="atrium-Muted">{status ? where(status) : ''}</span>
          <Button kind="quiet" icon={historyIcon} onClick={props.onHistory}>
            History
          </Button>
          {status?.behind && !readOnly ? (
            <Button busy={pull.busy} onClick={() => void pull.run('merge')}>
              Pull
            </Button>
          ) : null}
          {status?.behind && status.ahead && !readOnly ? (
            <Button
              kind="quiet"
              busy={pull.busy}
              title="Your commits are made again, on top of those of the remote, without a merge commit"
              onClick={() => void pull.run('rebase')}
            >
              Pull and replay mine
            </Button>
          ) : null}
          {status && (status.ahead || !status.upstream) && !readOnly ? (
            <Button kind={quiet ? 'primary' : 'plain'} busy={push.busy} onClick={() => void push.run()}>
              Push
            </Button>
          ) : null}
          {reviewable && !model.review ? (
            <Button kind={quiet ? 'primary' : 'plain'} busy={review.busy} onClick={() => void review.run()}>
              {readOnly ? 'Review' : 'Review and merge'}
            </Button>
          ) : null}
        </header>
        {readOnly ? (
          <p className="atrium-Git-note" role="note">
            You may look at this project. To change it, ask an owner for the role of an editor.
          </p>
        ) : null}
        {status?.upstream && model.branch !== target && !readOnly ? (
          <PullRequestLine model={request} />
        ) : null}
        <ErrorNote error={push.error ?? pull.error ?? review.error ?? undo.error} />
        {again ? (
          <SignIn
            credentials={projects.credentials}
            error={review.error ?? model.operation?.error}
            url={project?.url ?? ''}
            verb="try again"
            onSignedIn={() => void again.run()}
          />
        ) : null}
        {pulling.pulled ? (
          <div className="atrium-Git-undo" role="status">
            <span className="atrium-List-label">{cameIn(pulling.pulled)}</span>
            <Button kind="quiet" busy={undo.busy} onClick={() => void undo.run()}>
              Undo
            </Button>
          </div>
        ) : null}
        {pulling.conflicts.length && !readOnly ? (
          <Resolver model={model} />
        ) : model.review ? (
          <ReviewView model={model} projects={projects} review={model.review} readOnly={readOnly} />
        ) : readOnly ? (
          <Changes model={model} projects={projects} readOnly onCarried={props.onCarried} />
        ) : (
          <>
            <LargeFilesView model={model.largeFiles} head={status?.head ?? ''} />
            <SubmodulesView model={model.submodules} head={status?.head ?? ''} />
            <AsidesView model={model.asides} branch={model.branch} chosen={ticked} />
            {quiet ? <OperationLine operation={model.operation} /> : null}
            <Changes model={model} projects={projects} onCarried={props.onCarried} />
          </>
        )}
      </div>
    </DiffOptions.Provider>
  );
}

function cameIn(pulled: Pulled): string {
  return `Pulled ${count(pulled.commits, 'commit')}: ${count(pulled.paths.length, 'file')} changed.`;
}

function where(status: { ahead: number; behind: number; upstream: boolean }): string {
  if (!status.upstream) {
    return 'not pushed yet';
  }
  const parts = [];
  if (status.ahead) {
    parts.push(`${count(status.ahead, 'commit')} to push`);
  }
  if (status.behind) {
    parts.push(`${count(status.behind, 'commit')} to pull`);
  }
  return parts.join(', ') || 'as on the remote';
}

/** Looks again at what changed while it is seen, and when it is seen again. */
class GitWidget extends MainAreaWidget {
  private readonly _model: GitModel;

  constructor(content: Widget, { model, projects }: GitViewProps) {
    super({ content });
    this._model = model;
    projects.written.connect(this._onWritten, this);
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this._model.refresh();
  }

  private readonly _onWritten = () => {
    if (this.isVisible) {
      this._model.refresh();
    }
  };
}

/** The Git view of a branch, for the main area. */
export function gitWidget(props: GitViewProps, id: string, label: string): MainAreaWidget {
  const content = ReactWidget.create(<GitView {...props} />);
  content.addClass('atrium-GitWidget');
  const widget = new GitWidget(content, props);
  widget.toolbar.hide();
  widget.id = id;
  widget.title.label = label;
  widget.title.icon = branchIcon;
  widget.title.closable = true;
  widget.disposed.connect(() => {
    props.model.dispose();
    props.request.dispose();
  });
  return widget;
}
