/** Lists of more rows than this get a search field. */
export const SEARCH_OVER = 8;

/** Those of `items` whose text has every word of `query`, in any order, whatever their case. */
export function search<Item>(
  items: readonly Item[],
  query: string,
  text: (item: Item) => string
): readonly Item[] {
  const words = query.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) {
    return items;
  }
  return items.filter(item => {
    const within = text(item).toLocaleLowerCase();
    return words.every(word => within.includes(word));
  });
}

/** The row that a key leads to from row `at` of `count`; null when the key is none of a list's. */
export function step(key: string, at: number, count: number): number | null {
  const last = count - 1;
  switch (key) {
    case 'ArrowDown':
      return Math.min(at + 1, last);
    case 'ArrowUp':
      return Math.max(at - 1, 0);
    case 'Home':
      return 0;
    case 'End':
      return last;
    default:
      return null;
  }
}
