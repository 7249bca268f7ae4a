import { ServerConnection } from '@jupyterlab/services';

import { Client } from './client';
import { Events, type EventSourceLike } from './events';
import { type Operation, Operations, POLL_MS } from './operations';

const running: Operation = {
  id: 'o1',
  kind: 'projects.clone',
  title: 'Clone forecast',
  state: 'running',
  message: 'Receiving objects',
  done: 10,
  total: 40,
  error: null,
  result: null
};

/** Operations over a server that knows one operation, and a stream driven by hand. */
function workspace() {
  const server = { operation: running as Operation | null, gets: 0, cancelled: false };
  const answer = (request: Request): Response => {
    if (!server.operation) {
      const wire = { code: 'no_such_operation', message: 'There is no operation o1.', hint: '' };
      return new Response(JSON.stringify(wire), { status: 404 });
    }
    if (request.url.endsWith('/operations/o1/cancel') && request.method === 'POST') {
      server.cancelled = true;
      server.operation = { ...server.operation, state: 'cancelled' };
    } else {
      server.gets += 1;
    }
    return new Response(JSON.stringify(server.operation));
  };
  const settings = ServerConnection.makeSettings({
    baseUrl: 'http://localhost/',
    fetch: request => Promise.resolve(answer(request as Request))
  });
  const source = { onopen: null, onmessage: null, onerror: null, close: () => undefined } as EventSourceLike;
  const client = new Client(settings);
  const events = new Events('/events', { open: () => source });
  const told = async () => {
    const data = JSON.stringify({ room: 'operations', id: 'o1', version: 1, action: 'running' });
    source.onmessage?.({ data } as never);
    await jest.advanceTimersByTimeAsync(POLL_MS / 10);
  };
  return { server, told, operations: new Operations(client, events) };
}

describe('Operations', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  it('fetches again on an event and resolves once it has succeeded', async () => {
    const { server, told, operations } = workspace();
    const model = operations.follow(running);
    expect(operations.follow('o1')).toBe(model);
    let changes = 0;
    model.changed.connect(() => void (changes += 1));
    server.operation = { ...running, state: 'succeeded', result: { project: 'p1' } };
    await told();
    const ended = await model.done;
    expect(ended.result).toEqual({ project: 'p1' });
    expect(changes).toBe(1);
    expect(model.running).toBe(false);
    expect(model.isDisposed).toBe(true);
  });

  it('polls when no event comes, and no more once it has ended', async () => {
    const { server, operations } = workspace();
    const model = operations.follow(running);
    await jest.advanceTimersByTimeAsync(POLL_MS * 3);
    const polled = server.gets;
    expect(polled).toBeGreaterThanOrEqual(2);
    server.operation = { ...running, state: 'succeeded' };
    await jest.advanceTimersByTimeAsync(POLL_MS * 2);
    await model.done;
    const ended = server.gets;
    await jest.advanceTimersByTimeAsync(POLL_MS * 10);
    expect(server.gets).toBe(ended);
  });

  it('rejects with the error of a failed operation', async () => {
    const { server, told, operations } = workspace();
    const model = operations.follow(running);
    server.operation = {
      ...running,
      state: 'failed',
      error: {
        code: 'unreachable_remote',
        message: 'example.org does not answer.',
        hint: 'Check the address.'
      }
    };
    await told();
    await expect(model.done).rejects.toMatchObject({
      code: 'unreachable_remote',
      hint: 'Check the address.'
    });
    expect(model.error?.message).toBe('example.org does not answer.');
  });

  it('cancels', async () => {
    const { server, operations } = workspace();
    const model = operations.follow(running);
    await model.cancel();
    expect(server.cancelled).toBe(true);
    expect((await model.done).state).toBe('cancelled');
  });

  it('says so when the server no longer knows it', async () => {
    const { server, told, operations } = workspace();
    const model = operations.follow(running);
    server.operation = null;
    await told();
    await expect(model.done).rejects.toMatchObject({ status: 404, code: 'no_such_operation' });
    expect(model.running).toBe(false);
  });
});
