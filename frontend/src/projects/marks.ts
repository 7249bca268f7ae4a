/** A piece of a line; `changed` where the other side's line says something else. */
export interface Piece {
  text: string;
  changed: boolean;
}

/** A line of a unified diff, without its first character. */
export interface Line {
  kind: 'same' | 'added' | 'removed' | 'gap';
  pieces: Piece[];
  /** Which line it is on either side, counted from 0; null where it is none of that side's. */
  old: number | null;
  now: number | null;
}

/** Comparing more words than this by more words than this takes longer than anybody waits. */
const COMPARABLE = 400_000;
/** Lines that share less than this part of their words are other lines; marking all of both would tell nothing. */
const SIMILAR = 0.3;
const HEAD = /^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@/;
const WORD = /[\p{L}\p{N}\p{M}_]+|\s+|./gsu;

/** The lines of a unified diff without a header, with the words marked that changed within lines. */
export function lines(unified: string): Line[] {
  const found: Line[] = [];
  let removed: string[] = [];
  let added: string[] = [];
  let atOld = 0;
  let atNow = 0;
  const flush = () => {
    const [old, now] = marked(removed.join('\n'), added.join('\n'));
    found.push(
      ...rows('removed', removed.length, old).map(line => ({ ...line, old: atOld++, now: null })),
      ...rows('added', added.length, now).map(line => ({ ...line, old: null, now: atNow++ }))
    );
    removed = [];
    added = [];
  };
  for (const line of unified.split('\n')) {
    const text = line.slice(1);
    if (line.startsWith('-')) {
      if (added.length) {
        flush();
      }
      removed.push(text);
    } else if (line.startsWith('+')) {
      added.push(text);
    } else {
      flush();
      const head = HEAD.exec(line);
      const pieces = text ? [{ text, changed: false }] : [];
      if (head) {
        atOld = Math.max(0, Number(head[1]) - 1);
        atNow = Math.max(0, Number(head[2]) - 1);
      }
      if (line.startsWith('@@')) {
        found.push({ kind: 'gap', pieces: [], old: null, now: null });
      } else if (line.startsWith(' ')) {
        found.push({ kind: 'same', pieces, old: atOld++, now: atNow++ });
      } else {
        // Said about the file: that it ends without a new line.
        found.push({ kind: 'same', pieces, old: null, now: null });
      }
    }
  }
  flush();
  // A gap is between two parts, not before the first.
  return found[0]?.kind === 'gap' ? found.slice(1) : found;
}

/** Both texts in pieces, the words marked that the other does not have there. */
export function marked(old: string, now: string): [Piece[], Piece[]] {
  const before = old.match(WORD) ?? [];
  const after = now.match(WORD) ?? [];
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) {
    start += 1;
  }
  let end = 0;
  while (
    end < before.length - start &&
    end < after.length - start &&
    before[before.length - 1 - end] === after[after.length - 1 - end]
  ) {
    end += 1;
  }
  const left = before.slice(start, before.length - end);
  const right = after.slice(start, after.length - end);
  if (!before.length || !after.length || left.length * right.length > COMPARABLE) {
    return [plain(old), plain(now)];
  }
  const [keptLeft, keptRight] = common(left, right);
  const whole = [start, left.length, end] as const;
  const shared = characters(before, kept(...whole, keptLeft)) / Math.max(old.length, now.length);
  if (shared < SIMILAR) {
    return [plain(old), plain(now)];
  }
  return [pieces(before, kept(...whole, keptLeft)), pieces(after, kept(start, right.length, end, keptRight))];
}

function plain(text: string): Piece[] {
  return text ? [{ text, changed: false }] : [];
}

/** Which words of a side stay: those around the middle, and those of the middle that both have. */
function kept(start: number, middle: number, end: number, stays: boolean[]): boolean[] {
  return [
    ...new Array<boolean>(start).fill(true),
    ...stays.slice(0, middle),
    ...new Array<boolean>(end).fill(true)
  ];
}

/** How many characters of words that stay; spaces are alike everywhere. */
function characters(words: string[], stay: boolean[]): number {
  return words.reduce((sum, word, index) => sum + (stay[index] && word.trim() ? word.length : 0), 0);
}

/** Which words of both are in a longest common subsequence. */
function common(left: string[], right: string[]): [boolean[], boolean[]] {
  const width = right.length + 1;
  const lengths = new Uint32Array((left.length + 1) * width);
  const at = (i: number, j: number) => lengths[i * width + j] ?? 0;
  for (let i = left.length - 1; i >= 0; i--) {
    for (let j = right.length - 1; j >= 0; j--) {
      lengths[i * width + j] =
        left[i] === right[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const inLeft = new Array<boolean>(left.length).fill(false);
  const inRight = new Array<boolean>(right.length).fill(false);
  for (let i = 0, j = 0; i < left.length && j < right.length;) {
    if (left[i] === right[j]) {
      inLeft[i++] = inRight[j++] = true;
    } else if (at(i + 1, j) >= at(i, j + 1)) {
      i += 1;
    } else {
      j += 1;
    }
  }
  return [inLeft, inRight];
}

function pieces(words: string[], stay: boolean[]): Piece[] {
  const found: Piece[] = [];
  words.forEach((text, index) => {
    const last = found[found.length - 1];
    // A space between two words that changed belongs to the change.
    const between =
      !text.trim() && !text.includes('\n') && stay[index - 1] === false && stay[index + 1] === false;
    const changed = !stay[index] || between;
    if (last?.changed === changed) {
      last.text += text;
    } else {
      found.push({ text, changed });
    }
  });
  return found;
}

/** One line each, `count` of them. */
function rows(kind: 'added' | 'removed', count: number, text: Piece[]): Pick<Line, 'kind' | 'pieces'>[] {
  const found: Pick<Line, 'kind' | 'pieces'>[] = Array.from({ length: count }, () => ({ kind, pieces: [] }));
  let at = 0;
  for (const piece of text) {
    piece.text.split('\n').forEach((part, index) => {
      at += index ? 1 : 0;
      if (part) {
        found[at]?.pieces.push({ text: part, changed: piece.changed });
      }
    });
  }
  return found;
}
