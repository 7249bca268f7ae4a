import { useState } from 'react';

import { Button, ErrorNote, keyIcon, List, Panel, plusIcon, useAction, useModel } from '../ui';
import { CloneForm } from './components/CloneForm';
import { Credentials } from './components/Credentials';
import { ConnectForm } from './components/ConnectForm';
import { type Detached, DetachedRow } from './components/Detached';
import { LivesNote } from './components/Lives';
import { FoldersForm } from './components/FoldersForm';
import { FoldersNote } from './components/FoldersNote';
import { NewForm } from './components/NewForm';
import { BranchRow, OpenRow, ProductionRow, ProjectRow } from './components/ProjectRows';
import { RestNote } from './components/RestNote';
import { Trash } from './components/Trash';
import type { Branch, OpenedBranch, Project, ProjectsModel } from './model';
import type { IWhoIsWhere, OpenFile } from './tokens';

export interface ProjectsPanelProps {
  model: ProjectsModel;
  onCloned: (opened: OpenedBranch) => void;
  onOpen: (project: Project, branch: Branch) => Promise<OpenedBranch>;
  /** A new notebook there. */
  onCreate: (opened: OpenedBranch) => Promise<void>;
  onGit: (project: string, branch: string) => void;
  onProduction: (project: string) => void;
  onFolder: (folder: string) => void;
  /** The folder that the file browser shows. */
  folder: () => string;
}

/** A row of the panel; its key says of what: `project`, `project branch name`, `project rest`, `project folders`, `project detached …`, `project open …`, `project production`. */
type Row =
  | { kind: 'project'; key: string; project: Project }
  | { kind: 'rest'; key: string; project: Project }
  | { kind: 'folders'; key: string; project: Project }
  | { kind: 'detached'; key: string; project: Project; at: Detached }
  | { kind: 'branch'; key: string; project: Project; branch: Branch }
  | { kind: 'open'; key: string; project: Project; branch: Branch; file: OpenFile; person: string }
  | { kind: 'production'; key: string; project: Project };

/** The projects, their branches, and what is in production. */
export function ProjectsPanel(props: ProjectsPanelProps): JSX.Element {
  const { model } = props;
  useModel(model);
  const [cloning, setCloning] = useState(false);
  const [beginning, setBeginning] = useState(false);
  const [signingIn, setSigningIn] = useState(false);
  const [withArchived, setWithArchived] = useState(false);
  const [inTrash, setInTrash] = useState(false);
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
  const choosing = useModel(model.lives).asking?.kind === 'folders';
  const none = projects?.length === 0;
  const archived = projects?.filter(project => project.archived).length ?? 0;
  const shown = projects && projects.filter(project => withArchived || !project.archived);
  const activate = (row: Row) => {
    if (row.kind === 'branch') {
      void open.run(row.project, row.branch);
    } else if (row.kind === 'project') {
      props.onFolder(row.project.folder);
    } else if (row.kind === 'detached') {
      props.onFolder(row.at.folder);
    } else if (row.kind === 'rest' || row.kind === 'folders') {
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
          <Button kind="quiet" aria-expanded={beginning} onClick={() => setBeginning(!beginning)}>
            New
          </Button>
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
      <LivesNote model={model.lives} />
      <Asked
        model={model}
        onFirst={project => {
          const branch = project.branches.find(one => one.name === project.default_branch);
          void (branch && open.run(project, branch));
        }}
      />
      {beginning ? (
        <NewForm
          model={model}
          folder={props.folder}
          onBegun={begun => {
            setBeginning(false);
            opened(begun);
            props.onCloned(begun);
          }}
          onClose={() => setBeginning(false)}
        />
      ) : null}
      {none && !beginning ? (
        <p className="atrium-Projects-none">No projects yet. Clone a repository, or make a new project.</p>
      ) : null}
      {cloning || (none && !beginning) ? (
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
      {bare && !choosing ? (
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
          items={shown && rows(shown, model.whoIsWhere)}
          itemKey={row => row.key}
          searchText={row =>
            row.kind === 'branch'
              ? `${row.project.name} ${row.branch.name}`
              : row.kind === 'open'
                ? `${row.project.name} ${row.person} ${row.file.path}`
                : `${row.project.name} ${row.kind}`
          }
          onActivate={activate}
          empty={{ message: 'Every project is archived.' }}
          error={model.error}
          onRetry={() => model.refresh()}
        >
          {row =>
            row.kind === 'project' ? (
              <ProjectRow project={row.project} />
            ) : row.kind === 'rest' ? (
              <RestNote model={model} project={row.project.id} />
            ) : row.kind === 'folders' ? (
              <FoldersNote model={model} project={row.project} />
            ) : row.kind === 'branch' ? (
              <BranchRow branch={row.branch} onGit={() => props.onGit(row.project.id, row.branch.name)} />
            ) : row.kind === 'detached' ? (
              <DetachedRow model={model.lives} project={row.project} at={row.at} />
            ) : row.kind === 'open' ? (
              <OpenRow branch={row.branch} file={row.file} person={row.person} />
            ) : (
              <ProductionRow project={row.project} />
            )
          }
        </List>
      )}
      {inTrash ? (
        <Trash model={model.lives} projects={projects ?? []} onClose={() => setInTrash(false)} />
      ) : projects ? (
        <div className="atrium-Projects-foot">
          {archived ? (
            <Button kind="quiet" aria-pressed={withArchived} onClick={() => setWithArchived(!withArchived)}>
              {withArchived ? 'Hide archived' : `Show ${archived} archived`}
            </Button>
          ) : null}
          <Button kind="quiet" onClick={() => setInTrash(true)}>
            Deleted lately
          </Button>
        </div>
      ) : null}
    </Panel>
  );
}

/** `onFirst`: the first folders of a project are there. */
function Asked(props: { model: ProjectsModel; onFirst: (project: Project) => void }): JSX.Element | null {
  const { model } = props;
  useModel(model.lives);
  const { asking } = model.lives;
  if (asking?.kind === 'connect') {
    return <ConnectForm key={asking.project.id} model={model} project={asking.project} />;
  }
  if (asking?.kind !== 'folders') {
    return null;
  }
  const { project, fresh } = asking;
  const close = () => model.lives.ask(null);
  return (
    <FoldersForm
      key={project.id}
      model={model.folders(project.id)}
      project={project}
      onClose={close}
      onDone={() => {
        close();
        if (fresh) {
          props.onFirst(project);
        }
      }}
    />
  );
}

function rows(projects: Project[], whoIsWhere: IWhoIsWhere | null): Row[] {
  return projects.flatMap(project => [
    { kind: 'project' as const, key: project.id, project },
    ...(project.shallow && !project.archived
      ? [{ kind: 'rest' as const, key: `${project.id} rest`, project }]
      : []),
    ...((project.folders || project.large) && !project.archived
      ? [{ kind: 'folders' as const, key: `${project.id} folders`, project }]
      : []),
    ...(project.detached ?? []).map(at => ({
      kind: 'detached' as const,
      key: `${project.id} detached ${at.folder}`,
      project,
      at
    })),
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
    ...(project.archived ? [] : [{ kind: 'production' as const, key: `${project.id} production`, project }])
  ]);
}
