import type { MouseEvent } from 'react';

import {
  Avatar,
  branchIcon,
  Button,
  moreIcon,
  pinIcon,
  projectIcon,
  RelativeTime,
  warningIcon
} from '../../ui';
import type { Branch, Project } from '../model';
import { distanceOf } from '../production';
import type { OpenFile } from '../tokens';
import { branchTitle, count, distance } from '../words';

/** Opens the row's context menu, for those who do not know that there is one, or have no mouse. */
function More({ of }: { of: string }): JSX.Element {
  const open = (event: MouseEvent<HTMLButtonElement>) => {
    event.stopPropagation();
    const { left, bottom } = event.currentTarget.getBoundingClientRect();
    event.currentTarget.dispatchEvent(
      new window.MouseEvent('contextmenu', {
        bubbles: true,
        cancelable: true,
        clientX: left,
        clientY: bottom
      })
    );
  };
  return (
    <Button
      kind="quiet"
      className="atrium-Projects-more"
      icon={moreIcon}
      aria-label={`More of ${of}`}
      aria-haspopup="menu"
      onClick={open}
    />
  );
}

export function ProjectRow({ project }: { project: Project }): JSX.Element {
  return (
    <>
      <projectIcon.react tag="span" className="atrium-Icon" />
      <span className="atrium-List-label atrium-Projects-name" title={project.url}>
        {project.name}
      </span>
      {project.archived ? <span className="atrium-Muted">archived</span> : null}
      <More of={project.name} />
    </>
  );
}

export function BranchRow(props: { branch: Branch; onGit: () => void }): JSX.Element {
  const { branch } = props;
  return (
    <div className="atrium-Projects-branch" title={branchTitle(branch)}>
      <branchIcon.react tag="span" className="atrium-Icon" />
      <span className="atrium-List-label">{branch.name}</span>
      <span className="atrium-Muted">{distance(branch)}</span>
      <Button
        kind="quiet"
        className={branch.changes ? 'atrium-Projects-changes' : 'atrium-Projects-git'}
        aria-label={
          branch.changes
            ? `Commit ${count(branch.changes, 'file')} of ${branch.name}`
            : `Commits and review of ${branch.name}`
        }
        onClick={event => {
          event.stopPropagation();
          props.onGit();
        }}
      >
        {branch.changes ? <span className="atrium-Count">{branch.changes}</span> : 'Git'}
      </Button>
      <More of={branch.name} />
    </div>
  );
}

/** Somebody, and the file that they have open. */
export function OpenRow({
  branch,
  file,
  person
}: {
  branch: Branch;
  file: OpenFile;
  person: string;
}): JSX.Element {
  const name = file.path.slice((branch.folder?.length ?? -1) + 1);
  return (
    <div className="atrium-Projects-open" title={`${person} has ${name} open. Click to go there.`}>
      <Avatar name={person} named />
      <span className="atrium-List-label atrium-Muted">{name}</span>
    </div>
  );
}

export function ProductionRow({ project }: { project: Project }): JSX.Element {
  const { production, problem } = project;
  return (
    <div className="atrium-Projects-branch atrium-Projects-production atrium-Muted">
      <span className="atrium-List-label" title={`Follows ${project.followed_branch} of ${project.url}`}>
        production
      </span>
      {problem ? (
        <span
          className="atrium-Projects-problem"
          title={[problem.message, problem.hint].join(' ')}
          aria-label={`Not updated: ${problem.message}`}
          role="img"
        >
          <warningIcon.react tag="span" className="atrium-Icon" />
        </span>
      ) : null}
      {production?.pin ? (
        <span
          title={`Pinned by ${production.pin.by}: ${production.pin.why} (${distanceOf(production, project.followed_branch)})`}
          aria-label={`Pinned by ${production.pin.by}`}
          role="img"
        >
          <pinIcon.react tag="span" className="atrium-Icon" />
        </span>
      ) : null}
      {production ? (
        <>
          <span className="atrium-Commit" title={production.sha}>
            {production.sha.slice(0, 7)}
          </span>
          <RelativeTime key={production.published} time={production.published} />
        </>
      ) : problem ? null : (
        <span>publishing</span>
      )}
    </div>
  );
}
