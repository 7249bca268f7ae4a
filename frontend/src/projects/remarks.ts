import type { ReactNode } from 'react';

import type { CellDiff, FileDiff } from './git';
import { lines } from './marks';

export type Side = 'old' | 'new';

/** Lines on one side of a difference, counted from 0, both included; null: the whole cell, or the whole file. */
export interface Spot {
  side: Side;
  /** The cell's id on that side; empty in a file that has no cells. */
  cell: string;
  first: number | null;
  last: number | null;
}

/** What is said about a file's difference. */
export interface Remarks {
  /** Begin to say something there; null for whoever may not. */
  readonly begin: ((spot: Spot) => void) | null;
  /** What hangs on any of these places, named by `placeOf`; null for nothing. */
  below(places: readonly string[]): ReactNode;
  /** The place at which something is being written, null for none. */
  readonly writing: Spot | null;
}

/** Names the line, cell or file that something hangs on: below the last of its lines. */
export function placeOf({ side, cell, last }: Pick<Spot, 'side' | 'cell' | 'last'>): string {
  return `${last === null ? 'new' : side} ${cell} ${last ?? ''}`;
}

/** The id that a cell has on a side. */
export function idOn(side: Side, cell: CellDiff | null): string {
  return (side === 'old' && cell?.old_id) || cell?.id || '';
}

/** Where things can hang in the difference of a file, as far as its lines are shown. */
export function placesIn(file: FileDiff): Set<string> {
  const found = new Set<string>();
  const take = (text: string, cell: CellDiff | null) => {
    for (const { old, now } of text ? lines(text) : []) {
      placesOfRow(cell, old, now).forEach(place => found.add(place));
    }
  };
  if (file.kind === 'notebook') {
    for (const cell of file.cells ?? []) {
      take(cell.diff, cell);
      if (cell.id) {
        found.add(placeOf({ side: 'new', cell: cell.id, last: null }));
      }
    }
  } else {
    take(file.text ?? '', null);
  }
  found.add(placeOf({ side: 'new', cell: '', last: null }));
  return found;
}

/** The places of a row that shows these lines; null where a side has none. */
export function placesOfRow(cell: CellDiff | null, old: number | null, now: number | null): string[] {
  return [
    ...(old === null ? [] : [placeOf({ side: 'old', cell: idOn('old', cell), last: old })]),
    ...(now === null ? [] : [placeOf({ side: 'new', cell: idOn('new', cell), last: now })])
  ];
}

/** "line 3", "lines 3–5". */
export function linesOf(first: number, last: number): string {
  return first === last ? `line ${first + 1}` : `lines ${first + 1}–${last + 1}`;
}
