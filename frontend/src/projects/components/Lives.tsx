import { useEffect, useState } from 'react';

import { Button, closeIcon, ErrorNote, FormField, useAction, useModel } from '../../ui';
import {
  type Asking,
  type BranchCost,
  branchLosses,
  type Lives,
  type ProjectCost,
  projectLosses,
  size
} from '../lives';
import { branchFault } from '../words';
import { BranchHere } from './Detached';

/** What somebody is about to do with a branch or a project, and what was deleted last. */
export function LivesNote({ model }: { model: Lives }): JSX.Element | null {
  useModel(model);
  const undo = useAction(() => model.undo());
  const { asking, gone } = model;
  return (
    <>
      {asking && asking.kind !== 'connect' && asking.kind !== 'folders' ? (
        <Form key={keyOf(asking)} model={model} asking={asking} />
      ) : null}
      {gone ? (
        <div className="atrium-Lives-gone" role="status">
          <span>
            Deleted {gone.name}. <span className="atrium-Muted">It can come back for a week.</span>
          </span>
          <Button busy={undo.busy} onClick={() => void undo.run()}>
            Undo
          </Button>
          <Button kind="quiet" icon={closeIcon} aria-label="Dismiss" onClick={() => model.dismiss()} />
        </div>
      ) : null}
      <ErrorNote error={undo.error} />
    </>
  );
}

function keyOf(asking: Asking): string {
  const of = 'branch' in asking ? asking.branch : 'folder' in asking ? asking.folder : '';
  return `${asking.kind} ${asking.project.id} ${of}`;
}

type Answered = Exclude<Asking, { kind: 'connect' | 'folders' }>;

function Form({ model, asking }: { model: Lives; asking: Answered }): JSX.Element {
  if (asking.kind === 'delete-project') {
    return <DeleteProject model={model} asking={asking} />;
  }
  if (asking.kind === 'branch-here') {
    return <BranchHere model={model} project={asking.project.id} folder={asking.folder} />;
  }
  return asking.kind === 'rename-branch' ? (
    <RenameBranch model={model} project={asking.project.id} branch={asking.branch} />
  ) : (
    <DeleteBranch model={model} project={asking.project.id} branch={asking.branch} />
  );
}

interface OfBranch {
  model: Lives;
  project: string;
  branch: string;
}

function useCost({ model, project, branch }: OfBranch) {
  const [cost, setCost] = useState<BranchCost | null>(null);
  const load = useAction(async () => setCost(await model.branchCost(project, branch)));
  const { run } = load;
  useEffect(() => void run(), [run]);
  return { cost, load };
}

function DeleteBranch(props: OfBranch): JSX.Element {
  const { model, project, branch } = props;
  const { cost, load } = useCost(props);
  const remove = useAction(() => model.deleteBranch(project, branch));
  const losses = cost && !cost.refused ? branchLosses(cost) : [];
  return (
    <section className="atrium-Form atrium-Lives" aria-label={`Delete ${branch}`}>
      <h3>Delete {branch}?</h3>
      {cost?.refused ? (
        <p>
          {cost.refused.message} <span className="atrium-Muted">{cost.refused.hint}</span>
        </p>
      ) : cost ? (
        <>
          {losses.length ? (
            <Losses of="This goes with it:" lines={losses} />
          ) : (
            <p>Nothing of it exists only here.</p>
          )}
          <p className="atrium-Muted">
            {cost.upstream ? 'The remote keeps its branch. ' : ''}
            It can be brought back for a week, with all its files.
          </p>
        </>
      ) : load.error ? null : (
        <p className="atrium-Muted" role="status">
          Looking what it holds…
        </p>
      )}
      <ErrorNote error={load.error ?? remove.error} />
      <div className="atrium-Form-actions">
        <Button kind="quiet" autoFocus onClick={() => model.ask(null)}>
          {cost?.refused ? 'Close' : 'Keep'}
        </Button>
        {cost && !cost.refused ? (
          <Button kind="danger" busy={remove.busy} onClick={() => void remove.run()}>
            Delete branch
          </Button>
        ) : null}
      </div>
    </section>
  );
}

function Losses({ of, lines }: { of: string; lines: string[] }): JSX.Element {
  return (
    <>
      <p>{of}</p>
      <ul>
        {lines.map(line => (
          <li key={line}>{line}</li>
        ))}
      </ul>
    </>
  );
}

function RenameBranch(props: OfBranch): JSX.Element {
  const { model, project, branch } = props;
  const { cost, load } = useCost(props);
  const [typed, setTyped] = useState(branch);
  const name = typed.trim();
  const rename = useAction(() => model.rename(project, branch, name));
  const fault = name && name !== branch ? branchFault(name) : null;
  const refused = cost?.refused;
  return (
    <form
      className="atrium-Form atrium-Lives"
      aria-label={`Rename ${branch}`}
      onSubmit={event => {
        event.preventDefault();
        if (name && name !== branch && !fault) {
          void rename.run();
        }
      }}
    >
      <h3>Rename {branch}</h3>
      {refused ? (
        <p>
          {refused.message} <span className="atrium-Muted">{refused.hint}</span>
        </p>
      ) : (
        <FormField
          label="New name"
          hint={
            cost?.upstream
              ? 'The remote keeps the old name; push to have it there under the new one.'
              : 'What is open in it stays open.'
          }
          error={fault ?? (rename.error?.field === 'name' ? rename.error.message : null)}
        >
          {control => (
            <input
              {...control}
              autoFocus
              value={typed}
              spellCheck={false}
              disabled={rename.busy}
              onFocus={event => event.target.select()}
              onChange={event => setTyped(event.target.value)}
              onKeyDown={event => {
                if (event.key === 'Escape') {
                  model.ask(null);
                }
              }}
            />
          )}
        </FormField>
      )}
      <ErrorNote error={load.error ?? (rename.error?.field === 'name' ? null : rename.error)} />
      <div className="atrium-Form-actions">
        <Button kind="quiet" onClick={() => model.ask(null)}>
          {refused ? 'Close' : 'Cancel'}
        </Button>
        {refused ? null : (
          <Button
            kind="primary"
            submit
            busy={rename.busy}
            disabled={!name || name === branch || Boolean(fault)}
          >
            Rename branch
          </Button>
        )}
      </div>
    </form>
  );
}

function DeleteProject(props: {
  model: Lives;
  asking: Extract<Asking, { kind: 'delete-project' }>;
}): JSX.Element {
  const { model, asking } = props;
  const { id, name } = asking.project;
  const [cost, setCost] = useState<ProjectCost | null>(null);
  const [typed, setTyped] = useState('');
  const load = useAction(async () => setCost(await model.projectCost(id)));
  const { run } = load;
  useEffect(() => void run(), [run]);
  const remove = useAction(() => model.deleteProject(asking.project, typed.trim()));
  const losses = cost ? projectLosses(cost) : [];
  return (
    <form
      className="atrium-Form atrium-Lives"
      aria-label={`Delete ${name}`}
      onSubmit={event => {
        event.preventDefault();
        if (typed.trim() === name) {
          void remove.run();
        }
      }}
    >
      <h3>Delete {name}?</h3>
      {cost ? (
        <>
          <p>
            {size(cost.bytes)} on the disk. {losses.length ? '' : 'Nothing of it exists only here.'}
          </p>
          {losses.length ? <Losses of="This exists only here, or needs it:" lines={losses} /> : null}
        </>
      ) : load.error ? null : (
        <p className="atrium-Muted" role="status">
          Looking what it holds…
        </p>
      )}
      <p className="atrium-Muted">
        The remote repository stays as it is. For a week the project can be brought back; then its schedules
        and dashboards go, too.
      </p>
      <FormField label={`Type ${name} to delete it`}>
        {control => (
          <input
            {...control}
            autoFocus
            value={typed}
            spellCheck={false}
            disabled={remove.busy}
            onChange={event => setTyped(event.target.value)}
          />
        )}
      </FormField>
      <ErrorNote error={load.error ?? remove.error} />
      <div className="atrium-Form-actions">
        <Button kind="quiet" onClick={() => model.ask(null)}>
          Keep
        </Button>
        <Button kind="danger" submit busy={remove.busy} disabled={typed.trim() !== name}>
          Delete project
        </Button>
      </div>
    </form>
  );
}
