/**
 * A text with changes that were made to a part of it.
 *
 * @param base - the part before the changes
 * @param changed - the part after them
 * @param whole - a text that has `base` in it once
 * @returns null when it cannot be said where they belong
 */
export function keepChanges(base: string, changed: string, whole: string): string | null {
  if (changed === base || whole === changed) {
    return whole;
  }
  if (whole === base) {
    return changed;
  }
  const at = base ? whole.indexOf(base) : -1;
  return at >= 0 && whole.indexOf(base, at + 1) < 0
    ? whole.slice(0, at) + changed + whole.slice(at + base.length)
    : null;
}
