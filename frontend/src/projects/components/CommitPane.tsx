import { Avatar, Button, ErrorNote, List, RelativeTime, useAction } from '../../ui';
import type { CommitsModel, Comparison } from '../commits';
import type { FileChange } from '../git';
import { count } from '../words';
import { Diff } from './Diff';
import { FileLabel, lineCounts } from './FileLabel';
import { Refs } from './Refs';

/** A commit, or what lies between two: the files, and how each differs. */
export function CommitPane(props: { model: CommitsModel; readOnly: boolean }): JSX.Element {
  const { model, readOnly } = props;
  const { comparison, details, base } = model;
  const undo = useAction(() => model.undoRestore());
  if (model.shownError) {
    return <ErrorNote error={model.shownError} onRetry={() => void model.compareWith(model.base)} />;
  }
  if (model.selected === null) {
    return <p className="atrium-Empty">Choose a commit to see what it changed.</p>;
  }
  if (!comparison || !details) {
    return (
      <div className="atrium-Skeleton" role="status" aria-label="Loading the commit">
        <span />
        <span />
        <span />
      </div>
    );
  }
  return (
    <>
      {base === null ? <About model={model} /> : <Between model={model} comparison={comparison} />}
      {model.restored ? (
        <div className="atrium-Git-undo" role="status">
          <span className="atrium-List-label">
            {model.restored.path}{' '}
            {model.restored.backup
              ? `is as in ${model.restored.commit.slice(0, 7)} on ${model.home} again.`
              : `was like this on ${model.home} already.`}
          </span>
          {model.restored.backup ? (
            <Button kind="quiet" busy={undo.busy} onClick={() => void undo.run()}>
              Undo
            </Button>
          ) : null}
        </div>
      ) : null}
      <ErrorNote error={undo.error} />
      <List<FileChange>
        label="Files"
        className="atrium-Commits-files"
        items={comparison.files}
        itemKey={file => file.path}
        searchText={file => file.path}
        selected={model.path}
        onActivate={file => void model.show(file.path)}
        empty={{
          message:
            base !== null
              ? 'They have the same files.'
              : details.unknown
                ? 'The commit before it was not cloned, so what it changed is not known here. Fetch the rest of the history to see it.'
                : 'It changed no file.'
        }}
      >
        {file => <FileRow model={model} file={file} readOnly={readOnly} />}
      </List>
      {comparison.truncated ? <p className="atrium-Empty">There are more files than are listed.</p> : null}
      <ErrorNote error={model.diffError} />
      {model.diff ? <Diff diff={model.diff} /> : null}
    </>
  );
}

function About({ model }: { model: CommitsModel }): JSX.Element | null {
  const { details } = model;
  if (!details) {
    return null;
  }
  const { commit, parents } = details;
  return (
    <section className="atrium-Commits-about" aria-label={`Commit ${commit.sha.slice(0, 7)}`}>
      <h3>{commit.summary}</h3>
      {commit.description ? <pre className="atrium-Commits-description">{commit.description}</pre> : null}
      <div className="atrium-Commits-line">
        <span title={commit.email}>
          <Avatar name={commit.author} named />
        </span>
        <RelativeTime key={commit.time} time={commit.time} />
        <span className="atrium-Commit" title={commit.sha}>
          {commit.sha.slice(0, 12)}
        </span>
        <Refs refs={details.refs} />
      </div>
      <div className="atrium-Commits-line">
        {parents.map(parent => (
          <Button
            key={parent}
            kind="quiet"
            aria-label={`Go to the commit before, ${parent.slice(0, 7)}`}
            onClick={() => void model.select(parent)}
          >
            ↑ <span className="atrium-Commit">{parent.slice(0, 7)}</span>
          </Button>
        ))}
        {parents.length > 1 ? <span className="atrium-Muted">a merge, shown against the first</span> : null}
        <Button onClick={() => void model.compareWith(commit.sha)}>Compare with…</Button>
      </div>
    </section>
  );
}

function Between({ model, comparison }: { model: CommitsModel; comparison: Comparison }): JSX.Element {
  const base = model.base ?? '';
  const same = comparison.old === comparison.new;
  const swap = async () => {
    await model.select(comparison.old);
    await model.compareWith(comparison.new);
  };
  return (
    <section className="atrium-Commits-about" aria-label="Comparison">
      <h3>
        <code>{base.slice(0, 7)}</code> → <code>{comparison.new.slice(0, 7)}</code>
      </h3>
      <div className="atrium-Commits-line">
        <span className="atrium-List-label" role="status">
          {same ? (
            'Choose another commit to compare it with.'
          ) : (
            <span className="atrium-Muted">
              {[
                comparison.ahead ? `${count(comparison.ahead, 'commit')} more` : '',
                comparison.behind ? `${count(comparison.behind, 'commit')} less` : '',
                count(comparison.files.length, 'file')
              ]
                .filter(Boolean)
                .join(' · ')}
            </span>
          )}
        </span>
        {same ? null : <Button onClick={() => void swap()}>Swap</Button>}
        <Button onClick={() => void model.compareWith(null)}>Stop comparing</Button>
      </div>
    </section>
  );
}

function FileRow(props: { model: CommitsModel; file: FileChange; readOnly: boolean }): JSX.Element {
  const { model, file, readOnly } = props;
  const restore = useAction(() => model.restore(file));
  const gone = file.change === 'deleted';
  const commit = (gone ? model.comparison?.old : model.comparison?.new)?.slice(0, 7) ?? '';
  return (
    <div className="atrium-Git-file">
      <div className="atrium-Git-fileRow">
        <FileLabel file={file} />
        <span className="atrium-Muted atrium-Number">
          {file.change === 'modified' ? '' : `${file.change} `}
          {lineCounts(file)}
        </span>
        {readOnly ? null : (
          <Button
            kind="quiet"
            busy={restore.busy}
            title={`Make ${file.path} on ${model.home} what it was in ${commit}; it can be undone`}
            aria-label={`Restore ${file.path} of ${commit}`}
            onClick={event => {
              event.stopPropagation();
              void restore.run();
            }}
          >
            Restore
          </Button>
        )}
      </div>
      <ErrorNote error={restore.error} />
    </div>
  );
}
