import { useState } from 'react';

import type { Wire } from '../../api/wire';
import { Button, ErrorNote, FormField, useAction, warningIcon } from '../../ui';
import type { Lives } from '../lives';
import type { Project } from '../model';
import { branchFault, count } from '../words';

export type Detached = Wire<'Detached'>;

/** What is said of a folder that is on a commit. */
export function detachedTitle(at: Detached): string {
  const parts = [`${at.folder} is on the commit ${at.head.slice(0, 7)} (${at.summary}) and on no branch`];
  if (at.loose) {
    parts.push(`${count(at.loose, 'commit')} ${at.loose === 1 ? 'is' : 'are'} on no branch`);
  }
  if (at.changes) {
    parts.push(count(at.changes, 'uncommitted file'));
  }
  if (at.busy) {
    parts.push(`a ${at.busy} is going on there in a terminal`);
  }
  return parts.join(', ');
}

/** A folder that somebody has put on a commit in a terminal, and the ways back. */
export function DetachedRow(props: { model: Lives; project: Project; at: Detached }): JSX.Element {
  const { model, project, at } = props;
  const back = useAction(() => model.back(project.id, at.folder));
  return (
    <div className="atrium-Detached" title={detachedTitle(at)} onClick={event => event.stopPropagation()}>
      <div className="atrium-Detached-line">
        <warningIcon.react tag="span" className="atrium-Icon atrium-Projects-problem" />
        <span className="atrium-List-label">
          {at.folder.split('/').pop()} <span className="atrium-Muted">on</span>{' '}
          <span className="atrium-Commit">{at.head.slice(0, 7)}</span>
        </span>
      </div>
      {at.busy ? (
        <p className="atrium-Muted">A {at.busy} is going on there in a terminal.</p>
      ) : project.may_write ? (
        <div className="atrium-Detached-line">
          {at.branch && !at.elsewhere ? (
            <Button kind="quiet" busy={back.busy} onClick={() => void back.run()}>
              Back to {at.branch}
            </Button>
          ) : null}
          <Button kind="quiet" onClick={() => model.ask({ kind: 'branch-here', project, folder: at.folder })}>
            Create branch here
          </Button>
        </div>
      ) : null}
      <ErrorNote error={back.error} />
    </div>
  );
}

/** Asks for the name of a branch that begins where a folder is. */
export function BranchHere(props: { model: Lives; project: string; folder: string }): JSX.Element {
  const { model, project, folder } = props;
  const [typed, setTyped] = useState('');
  const name = typed.trim();
  const create = useAction(() => model.branchHere(project, folder, name));
  const fault = name ? branchFault(name) : null;
  const about = create.error?.field === 'name' ? create.error.message : null;
  return (
    <form
      className="atrium-Form atrium-Lives"
      aria-label="Create branch here"
      onSubmit={event => {
        event.preventDefault();
        if (name && !fault) {
          void create.run();
        }
      }}
    >
      <h3>Create branch here</h3>
      <FormField label="Name" hint="The files stay as they are." error={fault ?? about}>
        {control => (
          <input
            {...control}
            autoFocus
            value={typed}
            spellCheck={false}
            disabled={create.busy}
            onChange={event => setTyped(event.target.value)}
            onKeyDown={event => {
              if (event.key === 'Escape') {
                model.ask(null);
              }
            }}
          />
        )}
      </FormField>
      <ErrorNote error={about ? null : create.error} />
      <div className="atrium-Form-actions">
        <Button kind="quiet" onClick={() => model.ask(null)}>
          Cancel
        </Button>
        <Button kind="primary" submit busy={create.busy} disabled={!name || Boolean(fault)}>
          Create branch
        </Button>
      </div>
    </form>
  );
}
