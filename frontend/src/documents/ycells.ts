/** What Yjs knows of a notebook's cells, below what `@jupyter/ydoc` shows. */
import * as Y from 'yjs';

export function cellsOf(ydoc: Y.Doc): Y.Array<Y.Map<unknown>> {
  return ydoc.getArray('cells');
}

export function isCell(item: Y.Item, cells: Y.Array<Y.Map<unknown>>): boolean {
  return item.parent === (cells as unknown) && item.content instanceof Y.ContentType;
}

/** The cell that something is part of, or is; null for what is in no cell. */
export function cellAround(item: Y.Item, cells: Y.Array<Y.Map<unknown>>): Y.Item | null {
  for (let each: Y.Item | null = item; each;) {
    if (isCell(each, cells)) {
      return each;
    }
    each = (each.parent as Y.AbstractType<unknown> | null)?._item ?? null;
  }
  return null;
}

/** The id of a cell; also of a deleted one, of which `Y.Map.get` knows nothing. */
export function idOf(cell: Y.Item): string | null {
  const content = typeOf(cell)._map.get('id')?.content;
  const [id] = content instanceof Y.ContentAny ? (content.arr as unknown[]) : [];
  return typeof id === 'string' ? id : null;
}

/** What is written in a cell. */
export function sourceOf(cell: Y.Item): string {
  const source = typeOf(cell)._map.get('source')?.content;
  return source instanceof Y.ContentType ? String(source.type.toJSON()) : '';
}

/** What a text said before a transaction; also one that the transaction has deleted. */
export function textBefore(text: Y.Text, transaction: Y.Transaction): string {
  const { beforeState, deleteSet } = transaction;
  let before = '';
  for (let each = text._start; each; each = each.right) {
    const wasThere = each.id.clock < (beforeState.get(each.id.client) ?? 0);
    if (
      wasThere &&
      each.content instanceof Y.ContentString &&
      (!each.deleted || Y.isDeleted(deleteSet, each.id))
    ) {
      before += each.content.str;
    }
  }
  return before;
}

/** Whether somebody else's text stands in a cell. */
export function othersWroteIn(cell: Y.Item, me: number): boolean {
  const source = typeOf(cell)._map.get('source')?.content;
  const first = source instanceof Y.ContentType ? (source.type as Y.Text)._start : null;
  for (let each = first; each; each = each.right) {
    if (!each.deleted && each.id.client !== me) {
      return true;
    }
  }
  return false;
}

function typeOf(cell: Y.Item): Y.AbstractType<unknown> {
  return (cell.content as Y.ContentType).type as Y.AbstractType<unknown>;
}
