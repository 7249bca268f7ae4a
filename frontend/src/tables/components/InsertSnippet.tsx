import { caretDownEmptyIcon } from '@jupyterlab/ui-components';
import { type KeyboardEvent, useRef, useState } from 'react';

import { Button, Popover } from '../../ui';
import { step } from '../../ui/rows';
import type { SnippetKind } from '../snippets';

export interface InsertSnippetProps {
  /** Null while no notebook is open. */
  onInsert: ((kind: SnippetKind) => void) | null;
  kinds: readonly { kind: SnippetKind; label: string }[];
}

/** A button that inserts the usual snippet, and beside it one that offers the others. */
export function InsertSnippet({ onInsert, kinds }: InsertSnippetProps): JSX.Element {
  const more = useRef<HTMLButtonElement>(null);
  const [open, setOpen] = useState(false);
  return (
    <span className={kinds.length > 1 ? 'atrium-Split' : ''}>
      <Button
        disabled={!onInsert}
        title={onInsert ? 'Insert a cell that reads this table' : 'Open a notebook first'}
        onClick={() => onInsert?.('pandas')}
      >
        Insert snippet
      </Button>
      {kinds.length > 1 ? (
        <Button
          ref={more}
          icon={caretDownEmptyIcon}
          aria-label="Insert another snippet"
          aria-haspopup="menu"
          aria-expanded={open}
          disabled={!onInsert}
          onClick={() => setOpen(!open)}
        />
      ) : null}
      {open ? (
        <Popover anchor={more} label="Insert snippet" onClose={() => setOpen(false)}>
          <div className="atrium-Menu" role="menu" onKeyDown={onMenuKey}>
            {kinds.map(({ kind, label }) => (
              <button
                key={kind}
                type="button"
                role="menuitem"
                onClick={() => {
                  setOpen(false);
                  onInsert?.(kind);
                }}
              >
                {label}
              </button>
            ))}
          </div>
        </Popover>
      ) : null}
    </span>
  );
}

function onMenuKey(event: KeyboardEvent<HTMLElement>): void {
  const items = [...event.currentTarget.children];
  const next = step(event.key, items.indexOf(document.activeElement as Element), items.length);
  if (next !== null) {
    event.preventDefault();
    (items[next] as HTMLElement).focus();
  }
}
