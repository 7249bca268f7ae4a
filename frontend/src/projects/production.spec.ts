import { ServerConnection } from '@jupyterlab/services';

import { Client } from '../api/client';
import { Events, type EventSourceLike } from '../api/events';
import { becauseOf, distanceOf, type Production, ProductionModel, type Publication } from './production';

const publication: Publication = {
  sha: 'a1b2c3d4e5f60718293a4b5c6d7e8f9001122334',
  summary: 'Weekly figures',
  branch: 'main',
  published: '2026-11-20T12:00:00.000+00:00',
  because: 'polled',
  by: '',
  why: '',
  before: '',
  forced: false
};
const production: Production = {
  project: 'p1',
  branch: 'main',
  sha: publication.sha,
  path: '/production/a1b2c3d',
  published: publication.published,
  pin: null
};

/** The model over a server that knows one project, asked by its owner or by somebody else. */
function workspace(owner: boolean) {
  const asked: string[] = [];
  const bodies: unknown[] = [];
  const server = { away: false };
  const answer = async (request: Request): Promise<Response> => {
    const path = new URL(request.url).pathname.replace('/atrium/api/projects/p1/', '');
    asked.push(`${request.method} ${path}`);
    if (request.method === 'PUT') {
      bodies.push(await request.json());
    }
    if (server.away) {
      return new Response(JSON.stringify({ code: 'gone', message: 'There is no project p1.', hint: '' }), {
        status: 404
      });
    }
    if (path.startsWith('webhook') && !owner) {
      return new Response(JSON.stringify({ code: 'not_allowed', message: 'Owners only.', hint: '' }), {
        status: 403
      });
    }
    const replies: Record<string, unknown> = {
      'GET production/history': { publications: [publication] },
      'GET webhook': { path: 'atrium/api/projects/p1/webhook', made: '', by: '', last: '', last_time: '' },
      'POST webhook/secret': { path: 'atrium/api/projects/p1/webhook', secret: 'told once' },
      'PUT production/pin': production,
      'DELETE production/pin': production
    };
    const reply = replies[`${request.method} ${path}`];
    return reply ? new Response(JSON.stringify(reply)) : new Response(null, { status: 204 });
  };
  const settings = ServerConnection.makeSettings({
    baseUrl: 'http://localhost/',
    fetch: request => answer(request as Request)
  });
  const source = { onopen: null, onmessage: null, onerror: null, close: () => undefined } as EventSourceLike;
  const events = new Events('/events', { open: () => source });
  const tell = (id: string) =>
    source.onmessage?.({
      data: JSON.stringify({ room: 'projects', id, version: 1, action: 'production' })
    } as never);
  return { asked, bodies, server, tell, model: new ProductionModel(new Client(settings), events, 'p1') };
}

describe('ProductionModel', () => {
  it('shows an owner the history and the webhook', async () => {
    const { model } = workspace(true);
    expect(model.history).toBeNull();
    await model.load();
    expect(model.history).toEqual([publication]);
    expect(model.owned).toBe(true);
    expect(model.address).toBe('http://localhost/atrium/api/projects/p1/webhook');
  });

  it('shows others the history alone, without an error', async () => {
    const { model } = workspace(false);
    await model.load();
    expect(model.history).toEqual([publication]);
    expect(model.owned).toBe(false);
    expect(model.error).toBeNull();
  });

  it('keeps why loading failed, and forgets it after success', async () => {
    const { model, server } = workspace(true);
    server.away = true;
    await model.load();
    expect(model.error?.message).toBe('There is no project p1.');
    server.away = false;
    await model.load();
    expect(model.error).toBeNull();
  });

  it('pins with a reason and lets go', async () => {
    const { model, asked, bodies } = workspace(true);
    await model.pin(publication.sha, 'the quarter is closing');
    expect(bodies).toEqual([{ sha: publication.sha, why: 'the quarter is closing' }]);
    await model.unpin();
    expect(asked.filter(one => one.includes('pin'))).toEqual(['PUT production/pin', 'DELETE production/pin']);
  });

  it('knows a secret from its making until it is deleted', async () => {
    const { model } = workspace(true);
    await model.load();
    expect(model.secret).toBeNull();
    await model.makeSecret();
    expect(model.secret).toBe('told once');
    await model.deleteSecret();
    expect(model.secret).toBeNull();
  });

  it('fetches again when its project changes, and no more once disposed', async () => {
    jest.useFakeTimers();
    const { model, asked, tell } = workspace(true);
    tell('another');
    await jest.advanceTimersByTimeAsync(1_000);
    expect(asked).toEqual([]);
    tell('p1');
    await jest.advanceTimersByTimeAsync(1_000);
    expect(asked).toContain('GET production/history');
    const before = asked.length;
    model.dispose();
    tell('p1');
    await jest.advanceTimersByTimeAsync(1_000);
    expect(asked.length).toBe(before);
    jest.useRealTimers();
  });
});

test('why production changed', () => {
  expect(becauseOf(publication)).toBe('new on main');
  expect(becauseOf({ ...publication, because: 'webhook' })).toBe('new on main, said the git host');
  expect(becauseOf({ ...publication, because: 'merged', by: 'Ana' })).toBe('merged by Ana');
  expect(becauseOf({ ...publication, because: 'rolled_back', by: 'Bo' })).toBe('rolled back by Bo');
  expect(becauseOf({ ...publication, because: 'cloned' })).toBe('first of main');
});

test('how far pinned production is from its branch', () => {
  const pin = { why: 'audit', by: 'Ana', since: production.published, behind: 0, rewritten: false };
  expect(distanceOf(production, 'main')).toBe('');
  expect(distanceOf({ ...production, pin }, 'main')).toBe('level with main');
  expect(distanceOf({ ...production, pin: { ...pin, behind: 1 } }, 'main')).toBe('1 commit behind main');
  expect(distanceOf({ ...production, pin: { ...pin, behind: 3, rewritten: true } }, 'main')).toContain(
    'was rewritten'
  );
});
