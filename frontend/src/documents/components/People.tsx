import type { ISignal } from '@lumino/signaling';
import { useRef, useState } from 'react';

import { Avatar, Button, Popover, useModel } from '../../ui';
import type { Present } from '../presence';

/** Avatars before "+n". */
const SHOWN = 3;

export interface PeopleProps {
  model: { readonly changed: ISignal<unknown, void>; readonly others: readonly Present[] };
  /** The number of a cell in the notebook, from 1; null when it is not there. Without it there are no cells. */
  cellNumber?: (id: string) => number | null;
  onGo?: (person: Present) => void;
  onFollow?: (person: Present) => void;
}

/** The others who have this notebook open. A click tells where they are, and leads there. */
export function People(props: PeopleProps): JSX.Element | null {
  const { others } = useModel(props.model);
  const [open, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  if (others.length === 0) {
    return null;
  }
  const hidden = others.length - SHOWN;
  const act = (run?: (person: Present) => void) =>
    run &&
    ((person: Present) => {
      setOpen(false);
      run(person);
    });
  return (
    <>
      <button
        ref={button}
        type="button"
        className="atrium-People"
        aria-label={`Also here: ${others.map(({ name }) => name).join(', ')}`}
        aria-haspopup="dialog"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
      >
        {others.slice(0, SHOWN).map(person => (
          <Avatar key={person.username} name={person.name} color={person.color} />
        ))}
        {hidden > 0 ? <span className="atrium-Muted">+{hidden}</span> : null}
      </button>
      {open ? (
        <Popover anchor={button} label="Also here" onClose={() => setOpen(false)}>
          {others.map(person => (
            <PersonRow
              key={person.username}
              person={person}
              where={whereText(person, props.cellNumber)}
              onGo={act(props.onGo)}
              onFollow={act(props.onFollow)}
            />
          ))}
        </Popover>
      ) : null}
    </>
  );
}

interface PersonRowProps {
  person: Present;
  where: string;
  onGo: ((person: Present) => void) | undefined;
  onFollow: ((person: Present) => void) | undefined;
}

function PersonRow({ person, where, onGo, onFollow }: PersonRowProps): JSX.Element {
  return (
    <div className="atrium-People-row">
      <Avatar name={person.name} color={person.color} named />
      <span className="atrium-Muted atrium-People-where">{where}</span>
      {person.where?.cell && onGo && onFollow ? (
        <span className="atrium-People-actions">
          <Button aria-label={`Go to ${person.name}'s cell`} onClick={() => onGo(person)}>
            Go to cell
          </Button>
          <Button aria-label={`Follow ${person.name}`} onClick={() => onFollow(person)}>
            Follow
          </Button>
        </span>
      ) : null}
    </div>
  );
}

function whereText({ where }: Present, cellNumber?: (id: string) => number | null): string {
  const number = where?.cell ? cellNumber?.(where.cell) : null;
  if (!number) {
    return '';
  }
  return where?.editing ? `editing cell ${number}` : `at cell ${number}`;
}
