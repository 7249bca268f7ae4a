import type { Notebook } from '@jupyterlab/notebook';

import { commentIcon } from '../ui';

const CLASS = 'atrium-CommentBadge';

/**
 * Mark the cells that have open threads.
 *
 * @param cells - The place of the cell of each open thread.
 */
export function paintBadges(
  notebook: Notebook,
  cells: readonly number[],
  onClick: (cell: number) => void
): void {
  notebook.widgets.forEach((cell, index) => {
    const count = cells.filter(each => each === index).length;
    let badge = cell.node.querySelector<HTMLButtonElement>(`:scope > .${CLASS}`);
    if (count === 0) {
      badge?.remove();
      return;
    }
    if (!badge) {
      badge = document.createElement('button');
      badge.type = 'button';
      badge.className = CLASS;
      commentIcon.element({ container: badge });
      cell.node.appendChild(badge);
    }
    badge.title = count === 1 ? '1 open comment' : `${count} open comments`;
    badge.setAttribute('aria-label', badge.title);
    badge.onclick = event => {
      event.stopPropagation();
      onClick(index);
    };
  });
}

export function clearBadges(notebook: Notebook): void {
  notebook.node.querySelectorAll(`.${CLASS}`).forEach(badge => badge.remove());
}
