import { useId, useState } from 'react';

import { Button, ErrorNote, RelativeTime, useAction } from '../../ui';
import { TableView } from '../../ui/output';
import type { Details, Table, TableVersion } from '../model';
import type { SnippetKind } from '../snippets';
import { InsertSnippet } from './InsertSnippet';
import { bytes } from './size';

export interface TableDetailsProps {
  table: Table;
  details: Details;
  onInsert: ((kind: SnippetKind) => void) | null;
  onReload: () => void;
  onDiscard: () => Promise<void>;
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
        <InsertSnippet onInsert={props.onInsert} />
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
          <History versions={details.history} runUrl={props.runUrl} />
        ) : null}
        {tab !== 'Columns' && !details.error && !details.preview ? (
          <div className="atrium-Skeleton" role="status" aria-label={`Loading ${tab.toLowerCase()}`}>
            <span />
            <span />
          </div>
        ) : null}
      </div>
    </div>
  );
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

function History(props: { versions: readonly TableVersion[]; runUrl: (run: string) => string }): JSX.Element {
  return (
    <table className="atrium-History">
      <thead>
        <tr>
          <th scope="col" className="atrium-Number">
            Version
          </th>
          <th scope="col">When</th>
          <th scope="col">What</th>
          <th scope="col" className="atrium-Number">
            Rows
          </th>
          <th scope="col">By</th>
        </tr>
      </thead>
      <tbody>
        {props.versions.map(version => (
          <tr key={version.version}>
            <td className="atrium-Number">{version.version}</td>
            <td>
              <RelativeTime time={version.time} />
            </td>
            <td>{operation(version)}</td>
            <td className="atrium-Number">{version.rows ? `+${version.rows.toLocaleString()}` : ''}</td>
            <td>
              <Origin version={version} runUrl={props.runUrl} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Origin({
  version,
  runUrl
}: {
  version: TableVersion;
  runUrl: (run: string) => string;
}): JSX.Element {
  const where = [version.project, version.branch, version.commit.slice(0, 7), version.notebook]
    .filter(Boolean)
    .join(' · ');
  if (version.run) {
    return (
      <a href={runUrl(version.run)} target="_blank" rel="noreferrer" title={where}>
        run {version.run.slice(0, 7)}
      </a>
    );
  }
  return <span title={where}>{version.branch}</span>;
}

function operation(version: TableVersion): string {
  if (version.operation === 'WRITE') {
    return version.mode === 'append' ? 'append' : version.mode === 'overwrite' ? 'overwrite' : 'create';
  }
  return version.operation.toLowerCase();
}
