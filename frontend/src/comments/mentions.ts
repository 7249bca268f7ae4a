/** An `@name` that is being typed: its text begins at `start`, which is after the `@`. */
export interface Mention {
  start: number;
  query: string;
}

/** What the caret is in, when it is in a mention. */
export function mentionAt(text: string, caret: number): Mention | null {
  const match = /(?:^|[\s(,;])@([\p{L}\p{N}._-]*)$/u.exec(text.slice(0, caret));
  const query = match?.[1];
  return query === undefined ? null : { start: caret - query.length, query };
}

export interface Named {
  name: string;
  display_name: string;
}

/** At most `most` people whose name, or a word of whose display name, begins so. */
export function matching<P extends Named>(people: readonly P[], query: string, most = 6): P[] {
  const typed = query.toLocaleLowerCase();
  return people
    .filter(person =>
      [person.name, ...person.display_name.split(/\s+/)].some(word =>
        word.toLocaleLowerCase().startsWith(typed)
      )
    )
    .slice(0, most);
}

/** The text with the mention completed, and where the caret goes. */
export function complete(
  text: string,
  mention: Mention,
  caret: number,
  name: string
): { text: string; caret: number } {
  const rest = text.slice(caret);
  const inserted = `${name}${/^\s/.test(rest) ? '' : ' '}`;
  const at = mention.start + inserted.length;
  return { text: text.slice(0, mention.start) + inserted + rest, caret: /^\s/.test(rest) ? at + 1 : at };
}

/** A comment's text in pieces; those that name somebody who is here say so. */
export function pieces(text: string, names: ReadonlySet<string>): { text: string; mention: boolean }[] {
  const found: { text: string; mention: boolean }[] = [];
  let from = 0;
  for (const match of text.matchAll(/(?<=^|[\s(,;])@([\p{L}\p{N}._-]*[\p{L}\p{N}])/gu)) {
    if (names.has(match[1] ?? '')) {
      found.push({ text: text.slice(from, match.index), mention: false }, { text: match[0], mention: true });
      from = match.index + match[0].length;
    }
  }
  found.push({ text: text.slice(from), mention: false });
  return found.filter(piece => piece.text);
}
