import type { Branch } from './model';

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
