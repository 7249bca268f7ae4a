import type { FileChange } from './git';
import type { Branch } from './model';
import type { Selection } from './staging';

/** The name that an address suggests, as the server will derive it too. */
export function projectName(url: string): string {
  const last = decoded(url.trim().replace(/\/+$/, '').split(/[/:]/).pop() ?? '').replace(/\.git$/, '');
  return last
    .replace(/[^\p{L}\p{N}_.-]+/gu, '-')
    .replace(/^[._-]+/, '')
    .slice(0, 64);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** What a typed name lacks to be a branch; null when it is fine. The server has the last word. */
export function branchFault(name: string): string | null {
  if (/\s/.test(name)) {
    return 'A branch has no spaces; use dashes.';
  }
  if (/[~^:?*[\\]|\.\.|@\{|\/\/|^[-/.]|[/.]$|\.lock$/.test(name)) {
    return 'Git does not allow this as a branch.';
  }
  return null;
}

/** "↑2 ↓1", or nothing. */
export function distance(branch: Pick<Branch, 'ahead' | 'behind'>): string {
  return [branch.ahead ? `↑${branch.ahead}` : '', branch.behind ? `↓${branch.behind}` : '']
    .filter(Boolean)
    .join(' ');
}

export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

/** The whole sentence of a branch. */
export function branchTitle(branch: Branch): string {
  const parts = [`Branch ${branch.name}`];
  if (branch.changes) {
    parts.push(count(branch.changes, 'uncommitted file'));
  }
  if (branch.ahead) {
    parts.push(`${count(branch.ahead, 'commit')} ahead of the remote`);
  }
  if (branch.behind) {
    parts.push(`${count(branch.behind, 'commit')} behind the remote`);
  }
  if (branch.folder && !branch.upstream) {
    parts.push('not pushed yet');
  }
  return parts.join(', ');
}

const REST = {
  order: 'the order of the cells',
  metadata: 'metadata of cells',
  settings: "the notebook's settings",
  counts: 'numbers of executions'
};

/** What changed in a notebook beyond its cells: "The order of the cells, metadata of cells". */
export function restOf(rest: readonly (keyof typeof REST)[]): string {
  const text = rest.map(what => REST[what]).join(', ') || 'only how it is written';
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Who is proposed as a co-author: who edited something that is ticked, and who is in the commit that is amended. */
export function coAuthors(
  editors: readonly { name: string; display_name: string; paths: string[] }[],
  ticked: readonly string[],
  before: readonly string[]
): { name: string; label: string }[] {
  const found = editors
    .filter(editor => editor.paths.some(path => ticked.includes(path)))
    .map(({ name, display_name, paths }) => {
      const edited = paths.filter(path => ticked.includes(path));
      const files = edited.length === 1 ? edited[0] : count(edited.length, 'file');
      return { name, label: `With ${display_name}, who edited ${files}` };
    });
  const others = before
    .filter(one => !found.some(({ name }) => one.includes(`<${name}@`)))
    .map(one => ({ name: one, label: `With ${one.replace(/ <.*/, '')}` }));
  return [...found, ...others];
}

const VERBS: Record<FileChange['change'], string> = {
  modified: 'Change',
  added: 'Add',
  untracked: 'Add',
  deleted: 'Remove',
  conflicted: 'Settle'
};

/** A commit summary that says what of the changes is ticked, in the words in which the server suggests one. */
export function suggestedSummary(all: readonly FileChange[], ticked: Selection): string {
  const parts = new Map(
    ticked.partial.map(one => [one.path, one.parts.filter(part => part !== 'rest').length])
  );
  const files = all
    .filter(file => parts.has(file.path) || ticked.paths.includes(file.path))
    .map(file => ({
      ...file,
      cells: typeof file.cells !== 'number' ? null : (parts.get(file.path) ?? file.cells)
    }));
  const file = files.find(one => one.cells && one.change === 'modified') ?? files[0];
  if (!file) {
    return '';
  }
  const name = file.path.split('/').pop() ?? file.path;
  const more = files.length > 1 ? ` and ${count(files.length - 1, 'more file')}` : '';
  if (file.cells && file.change === 'modified') {
    return `Change ${count(file.cells, 'cell')} of ${name}${more}`;
  }
  if (!more) {
    return file.cells === 0 ? `Re-run ${name}` : `${VERBS[file.change]} ${name}`;
  }
  const often = (change: FileChange['change']) => files.filter(one => one.change === change).length;
  const most = files.reduce((a, b) => (often(b.change) > often(a.change) ? b : a));
  return `${VERBS[most.change]} ${name}${more}`;
}
