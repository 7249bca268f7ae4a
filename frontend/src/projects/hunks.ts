/** A stretch of a text's difference. */
export interface Hunk {
  /** Where it is: "lines 12–20". */
  title: string;
  /** Its part of the unified diff. */
  text: string;
}

const HEAD = /^@@ -\d+(?:,\d+)? \+(\d+)(?:,(\d+))? @@/;

/** The hunks of a unified diff without a header. */
export function hunks(unified: string): Hunk[] {
  const found: Hunk[] = [];
  for (const line of unified.split('\n')) {
    const head = HEAD.exec(line);
    const last = found[found.length - 1];
    if (head) {
      found.push({ title: title(Number(head[1]), Number(head[2] ?? 1)), text: line });
    } else if (last) {
      last.text += `\n${line}`;
    }
  }
  return found;
}

function title(first: number, length: number): string {
  if (length === 0) {
    return `after line ${first}`;
  }
  return length === 1 ? `line ${first}` : `lines ${first}–${first + length - 1}`;
}
