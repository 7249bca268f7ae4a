import { useState } from 'react';

import { Button, ErrorNote, FormField, useAction } from '../../ui';
import type { OpenedBranch, Project, ProjectsModel } from '../model';
import { branchFault } from '../words';

export interface CarryFormProps {
  projects: ProjectsModel;
  project: Project;
  branch: string;
  onCarried: (opened: OpenedBranch) => void;
}

/** On the branch that production follows: everything that is not committed can be carried to a new branch. */
export function CarryForm({ projects, project, branch, onCarried }: CarryFormProps): JSX.Element {
  const [typed, setTyped] = useState<string | null>(null);
  const name = typed?.trim() ?? '';
  const fault = name ? branchFault(name) : null;
  const carry = useAction(async () => onCarried(await projects.create(project.id, name, branch, '')));
  return (
    <form
      className="atrium-Form atrium-Git-carry"
      aria-label="Carry to a new branch"
      onSubmit={event => {
        event.preventDefault();
        if (name && !fault) {
          void carry.run();
        }
      }}
    >
      <div className="atrium-Git-undo">
        <span className="atrium-Git-carryWhy">
          Production follows <code>{branch}</code>. A branch of your own can be reviewed first.
        </span>
        {typed === null ? <Button onClick={() => setTyped('')}>Carry to a new branch</Button> : null}
      </div>
      {typed === null ? null : (
        <>
          <FormField
            label="New branch"
            error={fault}
            hint={`Everything that is not committed comes along; ${branch} is as its last commit again, unless others have one of these files open.`}
          >
            {control => (
              <input
                {...control}
                autoFocus
                spellCheck={false}
                value={typed}
                onChange={event => setTyped(event.target.value)}
                onKeyDown={event => {
                  if (event.key === 'Escape') {
                    setTyped(null);
                  }
                }}
              />
            )}
          </FormField>
          <ErrorNote error={carry.error} />
          <div className="atrium-Form-actions">
            <Button onClick={() => setTyped(null)}>Cancel</Button>
            <Button submit busy={carry.busy} disabled={!name || fault !== null}>
              Create branch
            </Button>
          </div>
        </>
      )}
    </form>
  );
}
