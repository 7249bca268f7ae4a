import { useId, useMemo, useState } from 'react';

import { type ChartKind, chartOf, chooseColumns } from './chart';
import { ChartView } from './ChartView';
import { type Cell, formatter, nextSorting, type Sorting, sortRows, type TableData } from './table';

/** How many rows are drawn at first, and more with each click. */
export const PAGE = 100;

const KINDS: ChartKind[] = ['line', 'bar', 'scatter'];

export interface TableViewProps {
  table: TableData;
  /** What it shows first; the table unless told. */
  view?: 'table' | 'chart';
  /** Only the grid: no chart, no counts. */
  bare?: boolean;
}

/** A table whose columns sort, and a chart of it. Needs no more than `style/output.css`. */
export function TableView(props: TableViewProps): JSX.Element {
  const { table, bare = false } = props;
  const chosen = useMemo(() => (bare ? null : chooseColumns(table)), [bare, table]);
  const [view, setView] = useState(props.view ?? 'table');
  const [kind, setKind] = useState<ChartKind | null>(null);
  const chart = useMemo(
    () => (chosen && view === 'chart' ? chartOf(table, { ...chosen, kind: kind ?? chosen.kind }) : null),
    [table, chosen, kind, view]
  );
  const name = useId();

  return (
    <div className="atrium-Output">
      {chosen ? (
        <div className="atrium-Output-bar" role="group" aria-label="View">
          {(['table', 'chart'] as const).map(each => (
            <label key={each} className="atrium-Output-choice">
              <input type="radio" name={name} checked={view === each} onChange={() => setView(each)} />
              {each === 'table' ? 'Table' : 'Chart'}
            </label>
          ))}
          {chart ? (
            <select
              className="atrium-Output-select"
              aria-label="Kind of chart"
              value={chart.kind}
              onChange={event => setKind(event.target.value as ChartKind)}
            >
              {KINDS.map(each => (
                <option key={each} value={each}>
                  {each}
                </option>
              ))}
            </select>
          ) : null}
        </div>
      ) : null}
      {chart ? <ChartView chart={chart} /> : <Grid table={table} bare={bare} />}
      {chart && table.total > table.rows.length ? (
        <p className="atrium-Output-note">
          Of the first {count(table.rows.length)} of {count(table.total)} rows
        </p>
      ) : null}
    </div>
  );
}

function Grid(props: { table: TableData; bare: boolean }): JSX.Element {
  const { table } = props;
  const [sorting, setSorting] = useState<Sorting | null>(null);
  const [most, setMost] = useState(PAGE);
  const rows = useMemo(() => sortRows(table, sorting), [table, sorting]);
  const formats = useMemo(() => table.columns.map((_, index) => formatter(table, index)), [table]);
  const shown = rows.slice(0, most);
  return (
    <>
      <div className="atrium-Output-scroll" tabIndex={0} role="region" aria-label="Rows">
        <table className="atrium-Table">
          <thead>
            <tr>
              {table.columns.map((column, index) => {
                const direction = sorting?.column === index ? sorting.direction : 'none';
                return (
                  <th key={index} scope="col" aria-sort={direction} className={`atrium-mod-${column.type}`}>
                    <button type="button" onClick={() => setSorting(nextSorting(sorting, index))}>
                      {column.name}
                    </button>
                  </th>
                );
              })}
            </tr>
          </thead>
          <tbody>
            {shown.map((row, at) => (
              <tr key={at}>
                {row.map((value, index) => (
                  <td key={index} className={`atrium-mod-${table.columns[index]?.type}`}>
                    <Value value={value} format={formats[index] ?? String} />
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {props.bare ? null : (
        <p className="atrium-Output-note">
          {counts(shown.length, table.rows.length, table.total, sorting !== null)}
          {shown.length < table.rows.length ? (
            <button type="button" className="atrium-Output-more" onClick={() => setMost(most + PAGE)}>
              Show {count(Math.min(PAGE, table.rows.length - shown.length))} more
            </button>
          ) : null}
        </p>
      )}
    </>
  );
}

function Value(props: { value: Cell; format: (value: Cell) => string }): JSX.Element {
  if (props.value === null) {
    return <span className="atrium-Table-null">null</span>;
  }
  const text = props.format(props.value);
  return text.length > 40 ? <span title={text}>{text}</span> : <>{text}</>;
}

/** "100 of 5,280 rows"; says so where sorting saw only the first of them. */
export function counts(shown: number, loaded: number, total: number, sorted: boolean): string {
  const what = shown === total ? count(total) : `${count(shown)} of ${count(total)}`;
  const within = sorted && loaded < total ? `, sorted within the first ${count(loaded)}` : '';
  return `${what} ${total === 1 ? 'row' : 'rows'}${within}`;
}

function count(value: number): string {
  return value.toLocaleString();
}
