import { useState } from 'react';

import {
  Avatar,
  branchIcon,
  Button,
  ErrorNote,
  keyIcon,
  List,
  Panel,
  pinIcon,
  plusIcon,
  projectIcon,
  RelativeTime,
  useAction,
  useModel,
  warningIcon
} from '../ui';
import { CloneForm } from './components/CloneForm';
import { Credentials } from './components/Credentials';
import type { Branch, OpenedBranch, Project, ProjectsModel } from './model';
import { distanceOf } from './production';
import type { IWhoIsWhere, OpenFile } from './tokens';
import { branchTitle, count, distance } from './words';

export interface ProjectsPanelProps {
  model: ProjectsModel;
  onCloned: (opened: OpenedBranch) => void;
  onOpen: (project: Project, branch: Branch) => Promise<OpenedBranch>;
  /** A new notebook there. */
  onCreate: (opened: OpenedBranch) => Promise<void>;
  onGit: (project: string, branch: string) => void;
  onProduction: (project: string) => void;
  onFolder: (folder: string) => void;
}

/** A row of the panel; its key says of what: `project`, `project branch name`, `project open …`, `project production`. */
type Row =
  | { kind: 'project'; key: string; project: Project }
  | { kind: 'branch'; key: string; project: Project; branch: Branch }
  | { kind: 'open'; key: string; project: Project; branch: Branch; file: OpenFile; person: string }
  | { kind: 'production'; key: string; project: Project };

/** The projects, their branches, and what is in production. */
export function ProjectsPanel(props: ProjectsPanelProps): JSX.Element {
  const { model } = props;
  useModel(model);
  const [cloning, setCloning] = useState(false);
  const [signingIn, setSigningIn] = useState(false);
  /** What was opened last and shows nothing, for want of a notebook. */
  const [bare, setBare] = useState<OpenedBranch | null>(null);
  const opened = (now: OpenedBranch) => setBare(now.notebook ? null : now);
  const open = useAction(async (project: Project, branch: Branch) =>
    opened(await props.onOpen(project, branch))
  );
  const create = useAction(async (where: OpenedBranch) => {
    await props.onCreate(where);
    setBare(null);
  });
  const { projects } = model;
  const none = projects?.length === 0;
  const activate = (row: Row) => {
    if (row.kind === 'branch') {
      void open.run(row.project, row.branch);
    } else if (row.kind === 'project') {
      props.onFolder(row.project.folder);
    } else if (row.kind === 'production') {
      props.onProduction(row.project.id);
    } else {
      model.whoIsWhere?.go(row.file.path, row.person);
    }
  };
  return (
    <Panel
      title="Projects"
      actions={
        <>
          <Button
            kind="quiet"
            icon={keyIcon}
            aria-label="Credentials"
            aria-expanded={signingIn}
            onClick={() => setSigningIn(!signingIn)}
          />
          {none ? null : (
            <Button kind="quiet" icon={plusIcon} aria-expanded={cloning} onClick={() => setCloning(!cloning)}>
              Clone
            </Button>
          )}
        </>
      }
    >
      {signingIn ? (
        <Credentials
          model={model.credentials}
          projects={projects ?? []}
          onClose={() => setSigningIn(false)}
        />
      ) : null}
      {none ? <p className="atrium-Projects-none">No projects yet. Clone a repository to begin.</p> : null}
      {cloning || none ? (
        <CloneForm
          model={model}
          {...(none ? {} : { onClose: () => setCloning(false) })}
          onCloned={cloned => {
            setCloning(false);
            opened(cloned);
            props.onCloned(cloned);
          }}
        />
      ) : null}
      <ErrorNote error={open.error} />
      {bare ? (
        <div className="atrium-Empty" role="status">
          <p>
            {bare.name} has no notebook on {bare.branch} yet.
          </p>
          <Button busy={create.busy} onClick={() => void create.run(bare)}>
            New notebook
          </Button>
          <ErrorNote error={create.error} />
        </div>
      ) : null}
      {none ? null : (
        <List<Row>
          label="Projects"
          className="atrium-Projects"
          items={projects && rows(projects, model.whoIsWhere)}
          itemKey={row => row.key}
          searchText={row =>
            row.kind === 'branch'
              ? `${row.project.name} ${row.branch.name}`
              : row.kind === 'open'
                ? `${row.project.name} ${row.person} ${row.file.path}`
                : `${row.project.name} ${row.kind}`
          }
          onActivate={activate}
          error={model.error}
          onRetry={() => model.refresh()}
        >
          {row =>
            row.kind === 'project' ? (
              <ProjectRow project={row.project} />
            ) : row.kind === 'branch' ? (
              <BranchRow
                branch={row.branch}
                followed={row.branch.name === row.project.followed_branch}
                onGit={() => props.onGit(row.project.id, row.branch.name)}
              />
            ) : row.kind === 'open' ? (
              <OpenRow branch={row.branch} file={row.file} person={row.person} />
            ) : (
              <ProductionRow project={row.project} />
            )
          }
        </List>
      )}
    </Panel>
  );
}

function rows(projects: Project[], whoIsWhere: IWhoIsWhere | null): Row[] {
  return projects.flatMap(project => [
    { kind: 'project' as const, key: project.id, project },
    ...[...project.branches]
      .sort((a, b) => Number(b.name === project.followed_branch) - Number(a.name === project.followed_branch))
      .flatMap(branch => [
        { kind: 'branch' as const, key: `${project.id} branch ${branch.name}`, project, branch },
        ...(branch.folder ? (whoIsWhere?.below(branch.folder) ?? []) : []).flatMap(file =>
          file.people.map(person => ({
            kind: 'open' as const,
            key: `${project.id} open ${person} ${file.path}`,
            project,
            branch,
            file,
            person
          }))
        )
      ]),
    { kind: 'production' as const, key: `${project.id} production`, project }
  ]);
}

function ProjectRow({ project }: { project: Project }): JSX.Element {
  return (
    <>
      <projectIcon.react tag="span" className="atrium-Icon" />
      <span className="atrium-List-label atrium-Projects-name" title={project.url}>
        {project.name}
      </span>
    </>
  );
}

function BranchRow(props: { branch: Branch; followed: boolean; onGit: () => void }): JSX.Element {
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
    </div>
  );
}

/** Somebody, and the file that they have open. */
function OpenRow({ branch, file, person }: { branch: Branch; file: OpenFile; person: string }): JSX.Element {
  const name = file.path.slice((branch.folder?.length ?? -1) + 1);
  return (
    <div className="atrium-Projects-open" title={`${person} has ${name} open. Click to go there.`}>
      <Avatar name={person} named />
      <span className="atrium-List-label atrium-Muted">{name}</span>
    </div>
  );
}

function ProductionRow({ project }: { project: Project }): JSX.Element {
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
