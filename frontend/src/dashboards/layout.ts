import type { Wire } from '../api/wire';

type View = Wire<'DashboardView'>;
type Tile = Wire<'Tile'>;

/** How many of twelve columns a tile can take. */
export const WIDTHS = [3, 4, 6, 8, 9, 12];

/** The next width in a direction; the same one at the ends. */
export function step(width: number, by: 1 | -1): number {
  const at = WIDTHS.findIndex(each => each >= width);
  return WIDTHS[Math.max(0, Math.min(WIDTHS.length - 1, at + by))] as number;
}

/** Change one tile. */
export function change(view: View, id: string, changes: Partial<Tile>): View {
  return { ...view, tiles: view.tiles.map(tile => (tile.id === id ? { ...tile, ...changes } : tile)) };
}

/** Put a tile where another one is. */
export function place(view: View, id: string, target: string): View {
  const from = view.tiles.findIndex(tile => tile.id === id);
  const to = view.tiles.findIndex(tile => tile.id === target);
  const moved = view.tiles[from];
  if (!moved || to === -1 || from === to) {
    return view;
  }
  const tiles = view.tiles.filter(tile => tile !== moved);
  tiles.splice(to, 0, moved);
  return { ...view, tiles };
}

/** Move a tile past its visible neighbour. */
export function move(view: View, id: string, by: 1 | -1): View {
  const shown = view.tiles.filter(tile => !tile.hidden);
  const neighbour = shown[shown.findIndex(tile => tile.id === id) + by];
  return neighbour ? place(view, id, neighbour.id) : view;
}

/** What is saved. */
export function wire(view: View): Wire<'Layout'> {
  return {
    title: view.title,
    tiles: view.tiles.map(({ id, width, hidden, title }) => ({ id, width, hidden, title }))
  };
}
