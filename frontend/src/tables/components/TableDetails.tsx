import { useId, useState } from 'react';

import { Button, ErrorNote, RelativeTime, useAction } from '../../ui';
import { TableView } from '../../ui/output';
import type { Details, Table, TableVersion } from '../model';
import { OF_VERSIONS, type SnippetKind, SNIPPETS } from '../snippets';
import { InsertSnippet } from './InsertSnippet';
import { bytes } from './size';

export interface TableDetailsProps {
  table: Table;
  details: Details;
  onInsert: ((kind: SnippetKind) => void) | null;
  onReload: () => void;
  onDiscard: () => Promise<void>;
  onLook: (version: number | null) => void;
  onRestore: (version: number) => Promise<void>;
  onUndo: () => Promise<void>;
  runUrl: (run: string) => string;
}

const TABS = ['Columns', 'Preview', 'History'] as const;
type Tab = (typeof TABS)[number];

/** A table folded out: what it holds, its first rows, and how it came to be. */
export function TableDetails(props: TableDetailsProps): JSX.Element {
  const { table, details } = props;
  const [tab, setTab] = useState<Tab>('Columns');
  const [sure, setSure] = useState(false);
  const discard = useAction(props.onDiscard);
  const id = useId();
  return (
    <div className="atrium-TableDetails" onClick={event => event.stopPropagation()}>
      <div className="atrium-Muted">
        version {table.version} · {bytes(table.bytes)}
        {table.modified ? (
          <>
            {' · '}
            <RelativeTime time={table.modified} />
          </>
        ) : null}
      </div>
      <div className="atrium-TableDetails-actions">
        <InsertSnippet onInsert={props.onInsert} kinds={details.at === null ? SNIPPETS : OF_VERSIONS} />
        {table.branch && !sure ? <Button onClick={() => setSure(true)}>Discard copy</Button> : null}
      </div>
      {sure ? (
        <div className="atrium-TableDetails-confirm" role="group" aria-label="Discard copy">
          <p>
            What {table.branch} has written to {table.name} is lost; the workspace’s table is seen again.
          </p>
          <Button kind="danger" busy={discard.busy} onClick={() => void discard.run()}>
            Discard copy of {table.name}
          </Button>
          <Button onClick={() => setSure(false)}>Keep</Button>
          <ErrorNote error={discard.error} />
        </div>
      ) : null}
      <Version {...props} />
      <div className="atrium-Tabs" role="tablist" aria-label={table.name}>
        {TABS.map(each => (
          <button
            key={each}
            type="button"
            role="tab"
            id={`${id}-${each}`}
            aria-selected={tab === each}
            aria-controls={`${id}-panel`}
            onClick={() => setTab(each)}
          >
            {each}
          </button>
        ))}
      </div>
      <div id={`${id}-panel`} role="tabpanel" aria-labelledby={`${id}-${tab}`}>
        <ErrorNote error={details.error} onRetry={props.onReload} />
        {tab === 'Columns' ? <Columns table={table} /> : null}
        {tab === 'Preview' && details.preview ? <TableView table={details.preview} /> : null}
        {tab === 'History' && details.history ? (
          <History
            versions={details.history}
            shown={details.at ?? table.version}
            runUrl={props.runUrl}
            onLook={version => {
              props.onLook(version);
              setTab('Preview');
            }}
          />
        ) : null}
        {tab !== 'Columns' && !details.error && !(tab === 'Preview' ? details.preview : details.history) ? (
          <div className="atrium-Skeleton" role="status" aria-label={`Loading ${tab.toLowerCase()}`}>
            <span />
            <span />
          </div>
        ) : null}
      </div>
    </div>
  );
}

/** Which version is looked at, and the way back; what was restored, and its undo. */
function Version({ table, details, onLook, onRestore, onUndo }: TableDetailsProps): JSX.Element | null {
  const restore = useAction(onRestore);
  const undo = useAction(onUndo);
  const { at, restored } = details;
  if (at !== null) {
    return (
      <div className="atrium-TableDetails-version" role="group" aria-label={`Version ${at}`}>
        <p>
          As it was at version {at}
          {table.branch ? `, in the copy of ${table.branch}` : ''}
        </p>
        <Button busy={restore.busy} onClick={() => void restore.run(at)}>
          Restore
        </Button>
        <Button onClick={() => onLook(null)}>Show latest</Button>
        <ErrorNote error={restore.error} />
      </div>
    );
  }
  return restored ? (
    <div className="atrium-TableDetails-version" role="status">
      <p>
        Restored version {restored.version} as {table.version}
      </p>
      <Button busy={undo.busy} onClick={() => void undo.run()}>
        Undo
      </Button>
      <ErrorNote error={undo.error} />
    </div>
  ) : null;
}

function Columns(props: { table: Table }): JSX.Element {
  return (
    <ul className="atrium-Columns" aria-label="Columns">
      {props.table.columns.map(column => (
        <li key={column.name}>
          <span className="atrium-Columns-name">{column.name}</span>
          <span className="atrium-Muted">{column.stored}</span>
        </li>
      ))}
    </ul>
  );
}

interface HistoryProps {
  versions: readonly TableVersion[];
  shown: number;
  runUrl: (run: string) => string;
  onLook: (version: number) => void;
}

function History(props: HistoryProps): JSX.Element {
  return (
    <ol className="atrium-History" aria-label="Versions">
      {props.versions.map(version => (
        <li key={version.version}>
          <button
            type="button"
            aria-pressed={version.version === props.shown}
            title={`Show version ${version.version}`}
            onClick={() => props.onLook(version.version)}
          >
            <span className="atrium-History-version">{version.version}</span>
            {operation(version)}
          </button>
          <span className="atrium-Number" title="Rows added">
            {version.rows ? `+${version.rows.toLocaleString()}` : ''}
          </span>
          <RelativeTime time={version.time} />
          <Origin version={version} runUrl={props.runUrl} />
        </li>
      ))}
    </ol>
  );
}

function Origin(props: { version: TableVersion; runUrl: (run: string) => string }): JSX.Element | null {
  const { run, branch, commit, notebook } = props.version;
  if (!run && !branch) {
    return null;
  }
  return (
    <span className="atrium-History-origin" title={notebook}>
      {run ? (
        <a href={props.runUrl(run)} target="_blank" rel="noreferrer">
          run {run.slice(0, 7)}
        </a>
      ) : null}
      <span>{branch}</span>
      <span className="atrium-Commit">{commit.slice(0, 7)}</span>
    </span>
  );
}

function operation(version: TableVersion): string {
  if (version.operation === 'WRITE') {
    return version.mode === 'append' ? 'append' : version.mode === 'overwrite' ? 'overwrite' : 'create';
  }
  return typeof version.restored === 'number'
    ? `restore of ${version.restored}`
    : version.operation.toLowerCase();
}
