import { type ISignal, Signal } from '@lumino/signaling';

import type { Client } from '../api/client';
import { ApiError } from '../api/errors';
import type { Event, Events } from '../api/events';
import { byDay, type CellChange, folded, HistoryModel, type Point, positionIn } from './history';

const point = (id: string, created = '2026-03-12T14:05:00.000+00:00', name = ''): Point => ({
  id,
  kind: name ? 'named' : 'automatic',
  name,
  people: ['Ana'],
  created
});

const cell = (change: CellChange['change'], fields: Partial<CellChange> = {}): CellChange => ({
  id: 'c',
  kind: 'code',
  change,
  before: 0,
  after: 0,
  source: '',
  diff: '',
  outputs: 0,
  moved: false,
  settings: false,
  ...fields
});

/** A server whose answers are given by the test, in its order. */
class Server {
  readonly asked: [string, string, unknown][] = [];
  readonly waiting: { path: string; answer: (value: unknown) => void; refuse: (error: unknown) => void }[] =
    [];
  points: Point[] = [];
  handler: ((event: Event | null) => void) | null = null;

  readonly client = {
    request: (method: string, path: string, body: unknown, options?: { query?: { against?: string } }) => {
      this.asked.push([method, path, body ?? options?.query]);
      if (method === 'GET' && path === 'documents/history') {
        return Promise.resolve({ path: 'a.ipynb', document: 'f', writable: true, points: this.points });
      }
      return new Promise((answer, refuse) => this.waiting.push({ path, answer, refuse }));
    }
  } as unknown as Client;

  readonly events = {
    on: (_room: string, handler: (event: Event | null) => void) => {
      this.handler = handler;
      return { dispose: () => (this.handler = null) };
    }
  } as unknown as Events;
}

const settled = () => new Promise(resolve => setTimeout(resolve, 0));
const changes = (signal: ISignal<unknown, void>) => {
  let count = 0;
  signal.connect(() => (count += 1));
  return () => count;
};

describe('HistoryModel', () => {
  let server: Server;
  let model: HistoryModel;

  beforeEach(() => {
    server = new Server();
    server.points = [point('new'), point('old')];
    model = new HistoryModel(server.client, server.events, 'a.ipynb');
  });

  it('looks at the newest version, compared with the present', async () => {
    const seen = changes(model.changed);
    void model.refresh();
    await settled();
    expect(model.point?.id).toBe('new');
    expect(server.asked[1]).toEqual(['GET', 'documents/history/new', { against: 'now' }]);
    expect(model.diff).toBeNull();
    server.waiting[0]?.answer({ same: true });
    await settled();
    expect(model.diff).toEqual({ same: true });
    expect(seen()).toBeGreaterThan(1);
  });

  it('misses no version that is made while it loads', async () => {
    server.points = [];
    void model.refresh();
    server.points = [point('first')];
    server.handler?.({ room: 'documents', id: 'f', version: 1, action: 'history' });
    await settled();
    expect(model.point?.id).toBe('first');
  });

  it('shows the version that was chosen last, whichever answer comes last', async () => {
    void model.refresh();
    await settled();
    void model.select('old');
    server.waiting[1]?.answer({ of: 'old' });
    await settled();
    server.waiting[0]?.answer({ of: 'new' });
    await settled();
    expect(model.diff).toEqual({ of: 'old' });
    void model.compareWith('previous');
    expect(model.diff).toBeNull();
    expect(server.asked.at(-1)).toEqual(['GET', 'documents/history/old', { against: 'previous' }]);
  });

  it('tells why a comparison failed, and forgets that with the next', async () => {
    void model.refresh();
    await settled();
    server.waiting[0]?.refuse(new ApiError(404, { code: 'x', message: 'Gone.', hint: '' }));
    await settled();
    expect(model.diffError?.message).toBe('Gone.');
    void model.retry();
    expect(model.diffError).toBeNull();
  });

  it('goes on to the newest when the version that was looked at is no longer kept', async () => {
    void model.refresh();
    await settled();
    void model.select('old');
    server.points = [point('newest'), point('new')];
    server.handler?.({ room: 'documents', id: 'f', version: 1, action: 'history' });
    await settled();
    expect(model.point?.id).toBe('newest');
    const asked = server.asked.length;
    server.handler?.({ room: 'documents', id: 'other', version: 2, action: 'history' });
    server.handler?.({ room: 'documents', id: 'f', version: 3, action: 'queue' });
    expect(server.asked).toHaveLength(asked);
  });

  it('brings back a version, or one cell of it', async () => {
    void model.refresh();
    await settled();
    const restored = model.restore(point('old'), 3);
    expect(server.asked.at(-1)).toEqual(['POST', 'documents/history/old/restore', { cell: 3 }]);
    server.waiting.at(-1)?.answer({ point: point('old'), before: point('b'), changed: true });
    await settled();
    expect((await restored).before.id).toBe('b');
  });

  it('is quiet once it is disposed', async () => {
    const seen = changes(model.changed);
    model.dispose();
    expect(server.handler).toBeNull();
    model.edited();
    void model.refresh();
    await settled();
    expect(seen()).toBe(0);
    Signal.clearData(model);
  });
});

describe('byDay', () => {
  it('names the days of the reader', () => {
    const now = new Date(2026, 2, 12, 9, 0);
    const at = (...date: [number, number, number, number]) => new Date(...date).toISOString();
    const days = byDay(
      [
        point('a', at(2026, 2, 12, 8)),
        point('b', at(2026, 2, 12, 0)),
        point('c', at(2026, 2, 11, 23)),
        point('d', at(2026, 1, 3, 12)),
        point('e', at(2025, 11, 31, 12))
      ],
      now
    );
    expect(days.map(day => day.points.map(each => each.id).join(''))).toEqual(['ab', 'c', 'd', 'e']);
    expect(days.slice(0, 2).map(day => day.label)).toEqual(['Today', 'Yesterday']);
    expect(days[2]?.label).toMatch(/3/);
    expect(days[2]?.label).not.toMatch(/2026/);
    expect(days[3]?.label).toMatch(/2025/);
  });
});

describe('folded', () => {
  it('folds runs of cells in which nothing changed', () => {
    const parts = folded([
      cell('same'),
      cell('same'),
      cell('same', { outputs: 1 }),
      cell('same'),
      cell('modified'),
      cell('same', { moved: true })
    ]);
    expect(parts.map(part => ('fold' in part ? part.fold.length : part.cell.change))).toEqual([
      2,
      'same',
      1,
      'modified',
      'same'
    ]);
    expect(folded([])).toEqual([]);
  });
});

describe('positionIn', () => {
  const [old, now] = [point('old'), point('now')];
  const diff = { point: old, earlier: old };

  it('is where the version that is looked at has the cell', () => {
    const moved = cell('modified', { before: 4, after: 2 });
    expect(positionIn(diff, moved)).toBe(4);
    expect(positionIn({ ...diff, point: now }, moved)).toBe(2);
    expect(positionIn(diff, cell('added', { before: null, after: 1 }))).toBeNull();
    expect(positionIn(diff, cell('removed', { before: 0, after: null }))).toBe(0);
  });
});
