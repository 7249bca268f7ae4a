import type { Notebook } from '@jupyterlab/notebook';

import { colourIndex, initials } from '../ui';
import type { Present } from './presence';

const CLASS = 'atrium-CellPeople';
const SHOWN = 3;

/** The colour of a person, as `ui/Avatar` has it. */
export function colourOf(person: Present): string {
  return person.color || `var(--jp-collaborator-color${colourIndex(person.name)})`;
}

/** Mark the cells where the others are: a line at the left edge in their colour, and their initials. */
export function paintPeople(
  notebook: Notebook,
  others: readonly Present[],
  onClick: (person: Present) => void
): void {
  const here = new Map<string, Present[]>();
  for (const person of others) {
    const cell = person.where?.cell;
    if (cell) {
      here.set(cell, [...(here.get(cell) ?? []), person]);
    }
  }
  for (const cell of notebook.widgets) {
    const people = here.get(cell.model.id) ?? [];
    const before = cell.node.querySelector<HTMLElement>(`:scope > .${CLASS}`);
    const key = people.map(({ username, where, color }) => `${username} ${where?.editing} ${color}`).join();
    if ((before?.dataset['key'] ?? '') === key) {
      continue;
    }
    before?.remove();
    if (people.length > 0) {
      const marker = draw(people, onClick);
      marker.dataset['key'] = key;
      cell.node.appendChild(marker);
    }
  }
}

function draw(people: readonly Present[], onClick: (person: Present) => void): HTMLElement {
  const marker = document.createElement('div');
  marker.className = CLASS;
  marker.style.setProperty('--atrium-person-color', colourOf(people[0] as Present));
  marker.title = people.map(doing).join('\n');
  for (const person of people.slice(0, SHOWN)) {
    const disc = document.createElement('button');
    disc.type = 'button';
    disc.className = `atrium-CellPeople-disc${person.where?.editing ? ' atrium-mod-editing' : ''}`;
    disc.style.setProperty('--atrium-person-color', colourOf(person));
    disc.textContent = initials(person.name);
    disc.setAttribute('aria-label', doing(person));
    disc.tabIndex = -1;
    disc.onclick = event => {
      event.stopPropagation();
      onClick(person);
    };
    marker.appendChild(disc);
  }
  return marker;
}

function doing({ name, where }: Present): string {
  return where?.editing ? `${name} is editing this cell` : `${name} is at this cell`;
}
