import type { ISignal } from '@lumino/signaling';

import { Avatar, useModel } from '../../ui';
import type { Present } from '../presence';

/** Avatars before "+n". */
const SHOWN = 3;

export interface PeopleProps {
  model: { readonly changed: ISignal<unknown, void>; readonly others: readonly Present[] };
}

/** The others who have this notebook open. */
export function People(props: PeopleProps): JSX.Element | null {
  const { others } = useModel(props.model);
  if (others.length === 0) {
    return null;
  }
  const hidden = others.slice(SHOWN);
  return (
    <span className="atrium-People" role="group" aria-label="Also here">
      {others.slice(0, SHOWN).map(person => (
        <Avatar key={person.username} name={person.name} color={person.color} />
      ))}
      {hidden.length > 0 ? (
        <span className="atrium-Muted" title={hidden.map(person => person.name).join(', ')}>
          +{hidden.length}
        </span>
      ) : null}
    </span>
  );
}
