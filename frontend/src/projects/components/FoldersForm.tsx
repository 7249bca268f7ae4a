import { caretDownEmptyIcon, caretRightIcon } from '@jupyterlab/ui-components';
import { useEffect } from 'react';

import { Button, ErrorNote, List, OperationLine, useAction, useModel } from '../../ui';
import { type Folder, type Folders, depth } from '../folders';
import { size } from '../lives';
import type { Project } from '../model';
import { count } from '../words';
import { Tick } from './Tick';

export interface FoldersFormProps {
  model: Folders;
  project: Project;
  onDone: () => void;
  onClose: () => void;
}

/** Chooses the folders of a repository that are checked out, on every branch. */
export function FoldersForm({ model, project, onDone, onClose }: FoldersFormProps): JSX.Element {
  useModel(model);
  const load = useAction(() => model.load());
  const { run } = load;
  useEffect(() => void run(), [run]);
  const checkOut = useAction(async () => {
    if (await model.checkOut()) {
      onDone();
    }
  });
  const look = useAction((path: string) => (model.isOpen(path) ? model.close(path) : model.open(path)));
  const { rows, draft, sum } = model;
  return (
    <form
      className="atrium-Form atrium-Folders"
      aria-label="Folders"
      onSubmit={event => {
        event.preventDefault();
        void checkOut.run();
      }}
    >
      <h3>Folders of {project.name}</h3>
      <p className="atrium-Muted">
        Checked out on every branch. Commits and production have everything, and the files at the top are
        always here.
      </p>
      {rows ? (
        <label className="atrium-Check">
          <Tick
            label="Everything"
            ticked={draft === null ? 'all' : draft.length ? 'some' : 'none'}
            onTick={ticked => model.tickAll(ticked)}
          />
          <span className="atrium-List-label">Everything</span>
          <span className="atrium-Muted atrium-Number">
            {count(model.total.files, 'file')}, {size(model.total.bytes)}
          </span>
        </label>
      ) : null}
      <List<Folder>
        label="Folders"
        className="atrium-Folders-list"
        items={rows}
        itemKey={one => one.path}
        searchText={one => one.path}
        onActivate={one => model.tick(one.path, model.ticked(one.path) !== 'all')}
        empty={{ message: 'This repository has no folders.' }}
        error={load.error}
        onRetry={() => void run()}
      >
        {one => (
          <FolderRow
            folder={one}
            model={model}
            onOpen={one.folders ? () => void look.run(one.path) : undefined}
          />
        )}
      </List>
      {rows ? (
        <p className="atrium-Muted" role="status">
          {draft === null
            ? 'All of it.'
            : `${count(sum.files, 'file')}, ${size(sum.bytes)}, and those at the top.`}
        </p>
      ) : null}
      <OperationLine operation={model.checkingOut} />
      <ErrorNote error={look.error ?? checkOut.error} />
      <div className="atrium-Form-actions">
        <Button kind="quiet" onClick={onClose}>
          Close
        </Button>
        <Button kind="primary" submit busy={checkOut.busy} disabled={!model.edited}>
          Check out
        </Button>
      </div>
    </form>
  );
}

function FolderRow(props: { folder: Folder; model: Folders; onOpen?: () => void }): JSX.Element {
  const { folder, model, onOpen } = props;
  const name = folder.path.slice(folder.path.lastIndexOf('/') + 1);
  const open = model.isOpen(folder.path);
  return (
    <div
      className={`atrium-Folders-row atrium-mod-depth${Math.min(6, depth(folder.path))}`}
      title={folder.path}
    >
      {onOpen ? (
        <Button
          kind="quiet"
          icon={open ? caretDownEmptyIcon : caretRightIcon}
          aria-label={`${open ? 'Hide' : 'Show'} the folders in ${folder.path}`}
          aria-expanded={open}
          onClick={event => {
            event.stopPropagation();
            onOpen();
          }}
        />
      ) : (
        <span className="atrium-Folders-leaf" />
      )}
      <Tick
        label={folder.path}
        ticked={model.ticked(folder.path)}
        onTick={ticked => model.tick(folder.path, ticked)}
      />
      <span className="atrium-List-label">{name}</span>
      <span className="atrium-Muted atrium-Number">{folder.files.toLocaleString()}</span>
      <span className="atrium-Muted atrium-Number atrium-Folders-size">{size(folder.bytes)}</span>
    </div>
  );
}
