import { caretDownEmptyIcon, caretRightIcon } from '@jupyterlab/ui-components';

import { Button, List, Panel, refreshIcon, tableIcon, useModel } from '../ui';
import { TableDetails } from './components/TableDetails';
import type { Table, TablesModel } from './model';
import type { NotebookInsert } from './notebook';
import { FIRST_TABLE, type SnippetKind } from './snippets';

export interface TablesPanelProps {
  model: TablesModel;
  notebook: NotebookInsert;
}

/** The tables of the workspace, as the current notebook reads them. */
export function TablesPanel({ model, notebook }: TablesPanelProps): JSX.Element {
  useModel(model);
  useModel(notebook);
  const onInsert = (name: string) =>
    notebook.ready
      ? (kind: SnippetKind) => void notebook.insertSnippet(kind, name, model.details(name)?.at ?? null)
      : null;
  return (
    <Panel
      title="Tables"
      actions={
        <Button
          kind="quiet"
          icon={refreshIcon}
          aria-label="Refresh tables"
          onClick={() => void model.refresh()}
        />
      }
    >
      <List<Table>
        label="Tables"
        className="atrium-Tables"
        items={model.tables}
        itemKey={table => table.name}
        searchText={table => [table.name, ...table.columns.map(column => column.name)].join(' ')}
        onActivate={table => void model.toggle(table.name)}
        error={model.error}
        onRetry={() => void model.refresh()}
        empty={{
          message: notebook.ready
            ? 'No tables yet. A notebook writes them with ws.tables.write(frame, "name").'
            : 'No tables yet. Open a notebook and write one with ws.tables.write(frame, "name").',
          ...(notebook.ready
            ? { action: { label: 'Insert an example', run: () => void notebook.insert(FIRST_TABLE) } }
            : {})
        }}
      >
        {table => <TableRow table={table} model={model} onInsert={onInsert(table.name)} />}
      </List>
    </Panel>
  );
}

interface TableRowProps {
  table: Table;
  model: TablesModel;
  onInsert: ((kind: SnippetKind) => void) | null;
}

function TableRow({ table, model, onInsert }: TableRowProps): JSX.Element {
  const details = model.details(table.name);
  const Caret = details ? caretDownEmptyIcon : caretRightIcon;
  return (
    <>
      <div className="atrium-Tables-row">
        <Caret.react tag="span" className="atrium-Icon" />
        <tableIcon.react tag="span" className="atrium-Icon" />
        <span className="atrium-List-label" title={table.name}>
          {table.name}
        </span>
        {table.branch ? (
          <span
            className="atrium-Tag"
            title={`Written on ${table.branch}; the workspace’s table is unchanged`}
          >
            branch copy
          </span>
        ) : null}
        <span className="atrium-Number atrium-Muted">
          {table.problem ? 'unreadable' : table.rows === null ? '' : rows(table.rows)}
        </span>
      </div>
      {details && table.problem ? (
        <p className="atrium-Tables-problem" role="alert">
          {table.problem}
        </p>
      ) : null}
      {details && !table.problem ? (
        <TableDetails
          table={table}
          details={details}
          onInsert={onInsert}
          onReload={() => void model.reload(table.name)}
          onDiscard={() => model.discard(table.name)}
          onLook={version => void model.look(table.name, version)}
          onRestore={version => model.restore(table.name, version)}
          onUndo={() => model.undo(table.name)}
          runUrl={run => model.runUrl(run)}
        />
      ) : null}
    </>
  );
}

function rows(count: number): string {
  return `${count.toLocaleString()} ${count === 1 ? 'row' : 'rows'}`;
}
