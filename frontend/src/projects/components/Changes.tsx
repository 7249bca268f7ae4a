import { useState } from 'react';

import { Button, ErrorNote, FormField, List, OperationLine, useAction } from '../../ui';
import type { FileChange, GitModel, Status } from '../git';
import { count } from '../words';
import { Diff } from './Diff';

/** What changed: choose, look, say what it is, commit. */
export function Changes({ model }: { model: GitModel }): JSX.Element {
  const { status } = model;
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
          {file => <FileRow file={file} model={model} />}
        </List>
        {status?.truncated ? <p className="atrium-Empty">There are more files than are listed.</p> : null}
        <Undo model={model} />
        {status && !none ? <CommitForm key={status.head} model={model} status={status} /> : null}
        <OperationLine operation={model.operation} />
      </div>
      <div className="atrium-Git-main">
        <ErrorNote error={model.diffError} />
        {model.diff && !none ? <Diff diff={model.diff} /> : null}
      </div>
    </div>
  );
}

function FileRow({ file, model }: { file: FileChange; model: GitModel }): JSX.Element {
  const discard = useAction(() => model.discard([file.path]));
  return (
    <div className="atrium-Git-file">
      <div className="atrium-Git-fileRow">
        <input
          type="checkbox"
          aria-label={`Commit ${file.path}`}
          checked={model.chosen.includes(file.path)}
          onClick={event => event.stopPropagation()}
          onChange={event => model.choose(file.path, event.target.checked)}
        />
        <span
          className={`atrium-List-label atrium-mod-${file.change}`}
          title={`${file.path}: ${file.change}`}
        >
          {file.path}
        </span>
        <span className="atrium-Muted atrium-Number">
          {file.cells ? count(file.cells, 'cell') : file.change === 'modified' ? '' : file.change}{' '}
          {file.added || file.removed ? `+${file.added} −${file.removed}` : ''}
        </span>
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
      </div>
      <ErrorNote error={discard.error} />
    </div>
  );
}

function Undo({ model }: { model: GitModel }): JSX.Element | null {
  const undo = useAction(() => model.undoDiscard());
  const { discarded } = model;
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

function CommitForm({ model, status }: { model: GitModel; status: Status }): JSX.Element {
  const [own, setSummary] = useState<string | null>(null);
  const [description, setDescription] = useState('');
  const summary = own ?? status.summary;
  const commit = useAction(async (push: boolean) => {
    await model.commit(summary, description);
    if (push) {
      await model.push();
    }
  });
  const empty = model.chosen.length === 0;
  const about = commit.error?.field === 'summary';
  return (
    <form
      className="atrium-Form"
      aria-label="Commit"
      onSubmit={event => {
        event.preventDefault();
        void commit.run(false);
      }}
    >
      <FormField label="Summary" error={about ? commit.error?.message : null}>
        {control => <input {...control} value={summary} onChange={event => setSummary(event.target.value)} />}
      </FormField>
      <FormField label="Description">
        {control => (
          <textarea
            {...control}
            rows={3}
            value={description}
            onChange={event => setDescription(event.target.value)}
          />
        )}
      </FormField>
      {commit.error && !about ? <ErrorNote error={commit.error} /> : null}
      <div className="atrium-Form-actions">
        <Button submit busy={commit.busy} disabled={empty}>
          Commit
        </Button>
        <Button kind="primary" busy={commit.busy} disabled={empty} onClick={() => void commit.run(true)}>
          Commit and push
        </Button>
      </div>
    </form>
  );
}
