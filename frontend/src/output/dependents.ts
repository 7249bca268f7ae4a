/** Cells that write tables are never run again because somebody looks at another value. */
const WRITES = /\.tables\.write\s*\(|\bwrite_deltalake\s*\(|\.write\.(save|saveAsTable|format)\b/;

const ASSIGNED =
  /^[ \t]*((?:[\p{L}_][\p{L}\p{N}_]*[ \t]*,[ \t]*)*[\p{L}_][\p{L}\p{N}_]*)[ \t]*(?::[^=\n]+)?(?:[-+*/|&^%@]|\/\/|\*\*)?=(?!=)/gmu;
const DEFINED = /^[ \t]*(?:def|class)[ \t]+([\p{L}_][\p{L}\p{N}_]*)/gmu;
const BOUND = /\b(?:for|as)[ \t]+([\p{L}_][\p{L}\p{N}_]*)/gu;

/** The names that a cell's source gives a value to, as far as its text shows. */
export function assigned(source: string): string[] {
  const code = withoutComments(source);
  const names = [...code.matchAll(ASSIGNED)].flatMap(match =>
    (match[1] ?? '').split(',').map(name => name.trim())
  );
  const others = [DEFINED, BOUND].flatMap(pattern =>
    [...code.matchAll(pattern)].map(match => match[1] ?? '')
  );
  return [...new Set([...names, ...others])].filter(Boolean);
}

/** The variable that `ws.widgets.dropdown("name", ...)` is assigned to in a cell; the name itself where there is none. */
export function widgetVariable(source: string, name: string): string {
  const call = new RegExp(
    String.raw`^[ \t]*([\p{L}_][\p{L}\p{N}_]*)[ \t]*=[^\n=]*\bdropdown\(\s*(?:name\s*=\s*)?["']${name}["']`,
    'mu'
  );
  return call.exec(withoutComments(source))?.[1] ?? name;
}

/**
 * Which cells show something else once the widget `name`, made in the cell `at`, has another value: in order, the
 * widget's own cell first.
 *
 * A cell depends on it when it mentions its variable, `$name`, or what such a cell assigns. Text is read, not Python:
 * a cell more than needed may run, and one that reaches the value by other ways may not. Cells that write tables are
 * left out.
 *
 * @param sources - The sources of all cells, null for those that hold no code.
 */
export function dependents(sources: readonly (string | null)[], at: number, name: string): number[] {
  const dirty = new Set([widgetVariable(sources[at] ?? '', name)]);
  const found = [at];
  sources.forEach((source, index) => {
    if (index <= at || source === null) {
      return;
    }
    const code = withoutComments(source);
    if (WRITES.test(code) || !(mentions(code, `$${name}`) || [...dirty].some(each => mentions(code, each)))) {
      return;
    }
    found.push(index);
    assigned(source).forEach(each => dirty.add(each));
  });
  return found;
}

function mentions(code: string, name: string): boolean {
  const pattern = name.replace('$', String.raw`\$`);
  return new RegExp(String.raw`(?<![\p{L}\p{N}_$])${pattern}(?![\p{L}\p{N}_])`, 'u').test(code);
}

/** Whole-line and trailing comments only: a `#` within quotes stays. */
function withoutComments(source: string): string {
  return source
    .split('\n')
    .map(line => line.replace(/^((?:[^#'"]|'[^']*'|"[^"]*")*)#.*$/, '$1'))
    .join('\n');
}
