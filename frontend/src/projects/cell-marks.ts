import type { Wire } from '../api/wire';
import { exactTime, relativeTime } from '../ui/time';

export type Blame = Wire<'Blame'>;

/** What is said above a cell. */
export interface CellMark {
  text: string;
  title: string;
  /** The commit that wrote it last; empty for what is not committed. */
  commit: string;
}

/** The mark of each cell of a notebook, given its cells' ids as it is open now; null for cells that are not known yet. */
export function marksOf(blame: Blame, ids: readonly string[], now = Date.now()): (CellMark | null)[] {
  const byId = new Map(blame.cells.filter(cell => cell.id).map(cell => [cell.id, cell]));
  const commits = new Map(blame.commits.map(commit => [commit.sha, commit]));
  // A file whose format has no ids gets some each time it is opened.
  const inOrder = byId.size === 0 && blame.cells.length === ids.length;
  return ids.map((id, index) => {
    const cell = inOrder ? blame.cells[index] : byId.get(id);
    if (!cell) {
      return null;
    }
    const commit = commits.get(cell.commit);
    if (!commit) {
      return { text: 'not committed yet', title: 'Changed since the last commit', commit: '' };
    }
    const { author, summary, time, sha } = commit;
    if (cell.older) {
      return {
        text: `${relativeTime(time, now)} or earlier`,
        title: `${sha.slice(0, 12)} has it, and what was before is not looked at or not cloned.\nClick to see the commit.`,
        commit: sha
      };
    }
    return {
      text: `${author}, ${relativeTime(time, now)} · ${summary}`,
      title: `${author}, ${exactTime(time)}\n${sha.slice(0, 12)} ${summary}\nClick to see the commit.`,
      commit: sha
    };
  });
}
