import type { Wire } from '../api/wire';

export type Anchor = Wire<'Anchor'>;
export type Quote = Wire<'Quote'>;

export interface CellText {
  id: string;
  source: string;
}

/** Where a thread hangs now; offsets in UTF-16 units of the cell's source. */
export interface Found {
  cell: number;
  start: number;
  end: number;
  /**
   * - `cell`      on the whole cell
   * - `exact`     the quote is there, if with other white space
   * - `moved`     the quote is in another cell, as after a split or a merge
   * - `outdated`  the cell is there, its quote is not
   */
  how: 'cell' | 'exact' | 'moved' | 'outdated';
}

/** Characters kept on either side of a quote. */
const AROUND = 32;

/** The longest quote; what is selected beyond it is left out. */
const LONGEST = 2_000;

/** So many characters of a quote and its surroundings have to be alike in another cell: `SELECT` is everywhere. */
const TELLING = 24;

/** The words from `start` to `end` and what stands around them; null where there are none. */
export function quoteOf(source: string, start: number, end: number): Quote | null {
  const exact = whole(source.slice(start, Math.min(end, start + LONGEST)));
  if (!exact.trim()) {
    return null;
  }
  return {
    exact,
    prefix: whole(source.slice(Math.max(0, start - AROUND), start)),
    suffix: whole(source.slice(start + exact.length, start + exact.length + AROUND))
  };
}

/** The line that `offset` is in, counted from 0. */
export function lineAt(source: string, offset: number): number {
  return source.slice(0, offset).split('\n').length - 1;
}

/** The bounds of the line that `offset` is in, without the white space around its text. */
export function lineBounds(source: string, offset: number): { start: number; end: number } {
  const from = source.lastIndexOf('\n', offset - 1) + 1;
  const next = source.indexOf('\n', offset);
  const line = source.slice(from, next === -1 ? source.length : next);
  const start = from + (line.length - line.trimStart().length);
  return { start, end: start + line.trim().length };
}

/** Where an anchor is in a notebook's cells as they are now; null when nothing is left of it. */
export function resolve(anchor: Anchor, cells: readonly CellText[]): Found | null {
  const own = cells.findIndex(cell => cell.id === anchor.cell_id);
  const source = cells[own]?.source;
  const { quote } = anchor;
  if (!quote) {
    return own === -1 ? null : { cell: own, start: 0, end: 0, how: 'cell' };
  }
  if (source !== undefined) {
    const range = best(source, quote, anchor.line ?? 0) ?? loosely(source, quote.exact);
    if (range) {
      return { cell: own, start: range.start, end: range.end, how: 'exact' };
    }
  }
  const others = cells.flatMap((cell, index) => {
    const range = index === own ? null : best(cell.source, quote, anchor.line ?? 0);
    return range && range.alike + quote.exact.trim().length >= TELLING ? [{ cell: index, range }] : [];
  });
  const [other] = others;
  // Two places that quote the same are no place.
  if (other && others.length === 1) {
    return { cell: other.cell, start: other.range.start, end: other.range.end, how: 'moved' };
  }
  if (source === undefined) {
    return null;
  }
  const { start } = lineBounds(source, offsetOfLine(source, anchor.line ?? 0));
  return { cell: own, start, end: start, how: 'outdated' };
}

interface Range {
  start: number;
  end: number;
}

/** The occurrence of a quote whose surroundings are most like its own; of equals, the one nearest to its line. */
function best(source: string, quote: Quote, line: number): (Range & { alike: number }) | null {
  let found: (Range & { alike: number }) | null = null;
  let most = -1;
  let nearest = Infinity;
  for (let at = source.indexOf(quote.exact); at !== -1; at = source.indexOf(quote.exact, at + 1)) {
    const end = at + quote.exact.length;
    const alike =
      common(reversed(source.slice(0, at)), reversed(quote.prefix)) + common(source.slice(end), quote.suffix);
    const distance = Math.abs(lineAt(source, at) - line);
    if (alike > most || (alike === most && distance < nearest)) {
      found = { start: at, end, alike };
      most = alike;
      nearest = distance;
    }
  }
  return found;
}

/** Where the quote is when white space does not count, as after reformatting. */
function loosely(source: string, exact: string): Range | null {
  const places = [...source.matchAll(/\S/g)].map(match => match.index);
  const words = exact.replace(/\s/g, '');
  const at = words ? source.replace(/\s/g, '').indexOf(words) : -1;
  const start = places[at];
  const last = places[at + words.length - 1];
  return start === undefined || last === undefined ? null : { start, end: last + 1 };
}

function offsetOfLine(source: string, line: number): number {
  const lines = source.split('\n').slice(0, line);
  return Math.min(
    source.length,
    lines.reduce((sum, each) => sum + each.length + 1, 0)
  );
}

function common(a: string, b: string): number {
  let count = 0;
  while (count < a.length && count < b.length && a[count] === b[count]) {
    count += 1;
  }
  return count;
}

function reversed(text: string): string {
  return [...text.slice(-AROUND)].reverse().join('');
}

/** Without half a character at either end, which no other program would read. */
function whole(text: string): string {
  return text.replace(/^[\uDC00-\uDFFF]/, '').replace(/[\uD800-\uDBFF]$/, '');
}

/** SHA-256 in hexadecimal; empty where the browser has none (a page that came over plain HTTP). */
export async function hash(source: string): Promise<string> {
  if (!globalThis.crypto?.subtle) {
    return '';
  }
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(source));
  return [...new Uint8Array(digest)].map(byte => byte.toString(16).padStart(2, '0')).join('');
}
