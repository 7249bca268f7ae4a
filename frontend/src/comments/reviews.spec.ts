import type { Client } from '../api/client';
import { ApiError } from '../api/errors';
import { type EventSourceLike, Events } from '../api/events';
import type { Wire } from '../api/wire';
import type { Spot } from '../projects/remarks';
import { type Drafts, ReviewThreads } from './reviews';

const HEAD = 'a'.repeat(40);
const NEXT = 'b'.repeat(40);
const FORK = 'f'.repeat(40);
const ana = { id: '1', name: 'ana', display_name: 'Ana', initials: 'A', color: '', role: 'owner' as const };
const line = (last: number, first = last): Spot => ({ side: 'new', cell: '', first, last });

function thread(id: string, text = 'Why?'): Wire<'Thread'> {
  return {
    id,
    document: 'project:p/notes.md',
    anchor: {
      cell_id: '',
      part: 'file',
      quote: { exact: 'c', prefix: '', suffix: '' },
      line: 1,
      source_hash: '',
      side: 'new',
      commit: HEAD
    },
    branch: 'weekly',
    state: 'open',
    created: '2026-11-20T00:00:00+00:00',
    created_by: ana,
    resolved: null,
    resolved_by: null,
    comments: [{ id: `${id}c`, author: ana, text, created: '2026-11-20T00:00:00+00:00', edited: null }]
  };
}

/** A review of `weekly` at HEAD, and a server that says `told` of it. */
function review(drafts: Drafts = { begun: new Map(), written: new Map() }) {
  const told: Wire<'ReviewThreads'> = {
    branch: 'weekly',
    head: HEAD,
    fork: FORK,
    threads: [
      { path: 'notes.md', thread: thread('t1'), spot: { side: 'new', cell_id: '', first: 1, last: 1 } }
    ],
    may_comment: true
  };
  const source: EventSourceLike = { onopen: null, onmessage: null, onerror: null, close: () => undefined };
  const events = new Events('events', { open: () => source });
  const sent: [string, string, unknown][] = [];
  const server = { told, refuses: false };
  const request = async (method: string, path: string, body: unknown) => {
    await Promise.resolve();
    if (method !== 'GET' && server.refuses) {
      throw new ApiError(0, { code: 'unreachable', message: 'No answer.', hint: '' });
    }
    if (method !== 'GET') {
      sent.push([method, path, body]);
      return thread('t2', 'Sent');
    }
    return server.told;
  };
  const reviewed = { project: 'p', branch: 'weekly', head: HEAD, fork: FORK };
  const model = new ReviewThreads({ request } as unknown as Client, events, reviewed, drafts);
  return { model, server, sent, reviewed };
}

describe('ReviewThreads', () => {
  it('tells where each thread is, and whether one may say something', async () => {
    const { model } = review();
    expect(model.mayComment).toBe(false);
    await model.refresh();
    expect(model.mayComment).toBe(true);
    expect(model.threads).toMatchObject([{ path: 'notes.md', spot: line(1) }]);
    expect(model.movedOn).toBe('');
  });

  it('keeps threads where they are while the branch has moved on, and moves them when that is shown', async () => {
    const { model, server, reviewed } = review();
    await model.refresh();
    const spot = { side: 'new' as const, cell_id: '', first: 4, last: 4 };
    const said = { path: 'notes.md', thread: thread('t1', 'Because.'), spot };
    server.told = { ...server.told, head: NEXT, threads: [said, { ...said, thread: thread('t9') }] };
    await model.refresh();
    expect(model.movedOn).toBe(NEXT);
    expect(model.threads).toMatchObject([{ spot: line(1), thread: { comments: [{ text: 'Because.' }] } }]);
    model.follow({ ...reviewed, head: NEXT });
    await model.refresh();
    expect(model.movedOn).toBe('');
    expect(model.threads).toMatchObject([{ spot: line(4) }, { thread: { id: 't9' } }]);
  });

  it('sends a draft with the commit that its side was shown at', async () => {
    const { model, sent } = review();
    await model.refresh();
    model.compose('notes.md', { side: 'old', cell: '', first: 1, last: 2 });
    await model.send(model.drafts[0]!, 'Why not?');
    expect(sent).toEqual([
      [
        'POST',
        'projects/p/branches/weekly/review/threads',
        {
          path: 'notes.md',
          commit: FORK,
          side: 'old',
          cell_id: '',
          first: 1,
          last: 2,
          text: 'Why not?'
        }
      ]
    ]);
    expect(model.drafts).toEqual([]);
    expect(model.threads.map(one => one.thread.id)).toEqual(['t1', 't2']);
  });

  it('goes on with the draft below the same line, about more lines if they are several', () => {
    const { model } = review();
    model.compose('notes.md', line(3, 2));
    model.write(model.drafts[0]!, 'Are');
    model.compose('notes.md', line(3));
    expect(model.drafts).toMatchObject([{ spot: line(3, 2), text: 'Are', asked: 2 }]);
    model.compose('notes.md', line(3, 1));
    expect(model.drafts).toMatchObject([{ spot: line(3, 1), text: 'Are', asked: 3 }]);
    model.compose('notes.md', line(4));
    expect(model.drafts).toHaveLength(2);
  });

  it('keeps drafts that say something while the review is closed, on the commit they were begun at', () => {
    const drafts: Drafts = { begun: new Map(), written: new Map() };
    const { model, reviewed } = review(drafts);
    model.compose('notes.md', line(1));
    model.compose('notes.md', line(2));
    model.write(model.drafts[1]!, 'Then');
    model.dispose();
    const again = review(drafts).model;
    expect(again.drafts).toMatchObject([{ spot: line(2), commit: HEAD, text: 'Then', asked: 0 }]);
    expect(again.isShown(again.drafts[0]!)).toBe(true);
    again.follow({ ...reviewed, head: NEXT });
    expect(again.isShown(again.drafts[0]!)).toBe(false);
  });

  it('keeps the text of what the server refused', async () => {
    const { model, server } = review();
    await model.refresh();
    server.refuses = true;
    model.compose('notes.md', line(1));
    await model.send(model.drafts[0]!, 'Why?');
    expect(model.pending).toMatchObject([{ text: 'Why?', anchor: { spot: line(1) } }]);
    server.refuses = false;
    await model.retry(model.pending[0]!);
    expect(model.pending).toEqual([]);
    expect(model.threads).toHaveLength(2);
  });
});
