import { type KeyboardEvent, type MouseEvent, type ReactNode, useId, useMemo, useRef, useState } from 'react';

import { Button } from './Button';
import { ErrorNote } from './ErrorNote';
import { search, SEARCH_OVER, step } from './rows';

export interface ListProps<Item> {
  /** What it lists, in the plural: "Projects". */
  label: string;
  /** Null while loading. */
  items: readonly Item[] | null;
  itemKey: (item: Item) => string;
  children: (item: Item) => ReactNode;
  /** What a search looks in; without it there is no search field. */
  searchText?: (item: Item) => string;
  /** Enter or a click on the row. */
  onActivate?: (item: Item) => void;
  /**
   * Right click, the menu key or Shift+F10. Rows also carry `data-key`, so that JupyterLab's own context menu can find
   * them: `app.contextMenu.addItem({ selector: '.my-list .atrium-List-row', ... })`.
   */
  onContextMenu?: (item: Item, event: MouseEvent) => void;
  /** The row that is the current one, by key. */
  selected?: string | null;
  /** Said when there is nothing, with the next step as a button. */
  empty?: { message: string; action?: { label: string; run: () => void } };
  /** Why loading failed. */
  error?: unknown;
  onRetry?: () => void;
  className?: string;
}

/** Rows with search, arrow keys, and the states that every list has: loading, empty, failed. */
export function List<Item>(props: ListProps<Item>): JSX.Element {
  const { items, itemKey, label, searchText } = props;
  const [query, setQuery] = useState('');
  const [current, setCurrent] = useState<string | null>(null);
  const rows = useRef<HTMLDivElement>(null);
  const searchId = useId();
  const searchable = searchText !== undefined && (items?.length ?? 0) > SEARCH_OVER;
  const shown = useMemo(
    () => (items && searchable && searchText ? search(items, query, searchText) : items),
    [items, query, searchable, searchText]
  );

  if (props.error !== null && props.error !== undefined) {
    return <ErrorNote error={props.error} onRetry={props.onRetry} />;
  }
  if (!items || !shown) {
    return <Skeleton label={label} />;
  }
  if (items.length === 0) {
    return <Empty label={label} empty={props.empty} />;
  }

  const keys = shown.map(itemKey);
  const reachable = [current, props.selected].find(key => key && keys.includes(key)) ?? keys[0];
  const focusRow = (index: number) => {
    (rows.current?.children[index] as HTMLElement | undefined)?.focus();
  };
  const onRowKey = (event: KeyboardEvent<HTMLElement>, item: Item, index: number) => {
    if (event.target !== event.currentTarget) {
      return;
    }
    const next = step(event.key, index, shown.length);
    if (next !== null) {
      event.preventDefault();
      focusRow(next);
    } else if ((event.key === 'Enter' || event.key === ' ') && props.onActivate) {
      event.preventDefault();
      props.onActivate(item);
    }
  };

  return (
    <div className={`atrium-List ${props.className ?? ''}`}>
      {searchable ? (
        <input
          id={searchId}
          type="search"
          className="atrium-Input atrium-List-search"
          placeholder="Search"
          aria-label={`Search ${label.toLocaleLowerCase()}`}
          value={query}
          onChange={event => setQuery(event.target.value)}
          onKeyDown={event => {
            if (event.key === 'ArrowDown' && shown.length) {
              event.preventDefault();
              focusRow(0);
            }
          }}
        />
      ) : null}
      {shown.length === 0 ? (
        <p className="atrium-Empty" role="status">
          Nothing matches “{query}”.
        </p>
      ) : null}
      <div ref={rows} role="list" aria-label={label}>
        {shown.map((item, index) => {
          const key = keys[index] as string;
          return (
            <div
              key={key}
              role="listitem"
              className="atrium-List-row"
              data-key={key}
              tabIndex={key === reachable ? 0 : -1}
              aria-current={key === props.selected || undefined}
              onFocus={() => setCurrent(key)}
              onClick={() => props.onActivate?.(item)}
              onContextMenu={event => props.onContextMenu?.(item, event)}
              onKeyDown={event => onRowKey(event, item, index)}
            >
              {props.children(item)}
            </div>
          );
        })}
      </div>
    </div>
  );
}

function Skeleton(props: { label: string }): JSX.Element {
  return (
    <div className="atrium-Skeleton" role="status" aria-label={`Loading ${props.label.toLocaleLowerCase()}`}>
      <span />
      <span />
      <span />
    </div>
  );
}

function Empty(props: Pick<ListProps<unknown>, 'label' | 'empty'>): JSX.Element {
  const { message, action } = props.empty ?? { message: `No ${props.label.toLocaleLowerCase()} yet.` };
  return (
    <div className="atrium-Empty">
      <p>{message}</p>
      {action ? <Button onClick={action.run}>{action.label}</Button> : null}
    </div>
  );
}
