import { useEffect, useState } from 'react';

import { branchIcon, Button, ErrorNote, List, plusIcon, ProgressLine, useAction } from '../../ui';
import type { Branch, Place, ProjectsModel } from '../model';
import { branchFault, count, distance } from '../words';

export interface BranchMenuProps {
  model: ProjectsModel;
  place: Place;
  /** Begin a branch from this one, and go there. */
  onCreate: (name: string) => Promise<void>;
  onSwitch: (name: string) => Promise<void>;
  onGit: () => void;
  onClose: () => void;
}

/** Type a name: the branch to go to, or to create. */
export function BranchMenu(props: BranchMenuProps): JSX.Element {
  const { model, place, onClose } = props;
  const [typed, setTyped] = useState('');
  const [branches, setBranches] = useState<Branch[] | null>(null);
  const load = useAction(async () => setBranches(await model.branches(place.project.id)));
  const { run } = load;
  useEffect(() => void run(), [run]);
  const go = useAction(async (name: string, create: boolean) => {
    await (create ? props.onCreate(name) : props.onSwitch(name));
    onClose();
  });

  const name = typed.trim();
  const found = (branches ?? []).filter(branch => branch.name.toLowerCase().includes(name.toLowerCase()));
  const exact = branches?.some(branch => branch.name === name) ?? false;
  const fault = name && !exact ? branchFault(name) : null;
  const { may_write: mayWrite } = place.project;
  const creatable = mayWrite && name !== '' && !exact && branches !== null && !fault;
  const pick = (branch: string) => {
    if (branch === place.branch.name) {
      onClose();
    } else {
      void go.run(branch, false);
    }
  };
  const onEnter = () => {
    if (creatable) {
      void go.run(name, true);
    } else if (exact) {
      pick(name);
    }
  };

  return (
    <div className="atrium-BranchMenu">
      <input
        className="atrium-Input atrium-BranchMenu-input"
        autoFocus
        aria-label={mayWrite ? 'Branch to switch to or create' : 'Branch to switch to'}
        placeholder={mayWrite ? 'Switch to a branch, or name a new one' : 'Switch to a branch'}
        value={typed}
        spellCheck={false}
        disabled={go.busy}
        onChange={event => setTyped(event.target.value)}
        onKeyDown={event => {
          if (event.key === 'Enter') {
            event.preventDefault();
            onEnter();
          }
        }}
      />
      {fault ? (
        <p className="atrium-BranchMenu-note atrium-FormField-error" role="alert">
          {fault}
        </p>
      ) : null}
      {creatable ? (
        <button
          type="button"
          className="atrium-BranchMenu-create"
          disabled={go.busy}
          onClick={() => void go.run(name, true)}
        >
          <plusIcon.react tag="span" className="atrium-Icon" />
          <span>
            Create <code>{name}</code> from {place.branch.name}
            {place.branch.changes ? `, with ${count(place.branch.changes, 'uncommitted file')}` : ''}
          </span>
        </button>
      ) : null}
      {go.busy ? <ProgressLine message={`Going to ${name || 'the branch'}`} /> : null}
      <ErrorNote error={go.error} />
      {name && found.length === 0 && branches ? null : (
        <List<Branch>
          label="Branches"
          items={branches && found}
          itemKey={branch => branch.name}
          selected={place.branch.name}
          onActivate={branch => pick(branch.name)}
          error={load.error}
          onRetry={() => void load.run()}
        >
          {branch => (
            <>
              <branchIcon.react tag="span" className="atrium-Icon" />
              <span className="atrium-List-label" title={branch.name}>
                {branch.name}
              </span>
              <span className="atrium-Muted">{branch.folder ? distance(branch) : 'on the remote'}</span>
              {branch.changes ? (
                <span className="atrium-Count" title={count(branch.changes, 'uncommitted file')}>
                  {branch.changes}
                </span>
              ) : null}
            </>
          )}
        </List>
      )}
      <div className="atrium-BranchMenu-actions">
        <Button
          onClick={() => {
            onClose();
            props.onGit();
          }}
        >
          {place.branch.changes && mayWrite
            ? `Commit ${count(place.branch.changes, 'file')}`
            : 'Commits and review'}
        </Button>
      </div>
    </div>
  );
}
