import { exactTime, relativeTime } from '../ui';
import type { SaveState } from './saving';

/** What there is to say of how far a document is saved. */
export interface SaveFacts {
  readonly state: SaveState;
  readonly changes: number;
  readonly kept: boolean;
  readonly savedAt: Date | null;
  readonly reason: string;
}

export interface SaveWords {
  label: string;
  title: string;
}

export function changesOf(count: number): string {
  return count === 1 ? '1 change' : `${count} changes`;
}

/** A few words for the toolbar, and the whole story for its tooltip. */
export function saveWords(facts: SaveFacts, now = Date.now()): SaveWords {
  const { state, changes, reason } = facts;
  switch (state) {
    case 'opening':
      return { label: 'Opening…', title: 'The document is being loaded from the server.' };
    case 'saved':
      return { label: 'Saved', title: `Everything is saved. ${last(facts, now)}`.trim() };
    case 'saving':
      return { label: 'Saving…', title: `${changesOf(changes)} on the way to the server.` };
    case 'offline':
      return {
        label: changes ? `Offline: ${changesOf(changes)} kept in this ${place(facts)}` : 'Offline',
        title: offline(facts, now)
      };
    case 'failed':
      return { label: `Not saved: ${reason}`, title: `Not saved. ${reason}` };
    case 'ended':
      return {
        label: changes ? `Not saved: ${changesOf(changes)}` : 'Disconnected',
        title: reason
      };
  }
}

function place({ kept }: SaveFacts): string {
  return kept ? 'browser' : 'tab';
}

function offline(facts: SaveFacts, now: number): string {
  const { changes, kept } = facts;
  const rest = changes
    ? kept
      ? `Your ${changesOf(changes)} will be sent when the connection is back. This browser keeps them even if the tab is closed.`
      : `Keep this tab open: your ${changesOf(changes)} will be sent when the connection is back.`
    : 'Go on working; what you change is kept and sent when the connection is back.';
  return ['The server does not answer.', rest, last(facts, now)].filter(Boolean).join(' ');
}

function last({ savedAt }: SaveFacts, now: number): string {
  return savedAt ? `Last saved ${relativeTime(savedAt, now)} (${exactTime(savedAt)}).` : '';
}
