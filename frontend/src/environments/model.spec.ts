import type { Client } from '../api/client';
import { Events } from '../api/events';
import { EnvironmentModel } from './model';

const settle = () => jest.advanceTimersByTimeAsync(0);

/** A server whose answers are given by hand, and the events that it tells. */
function server() {
  const asked: { method: string; answer: (state: string) => void }[] = [];
  const request = (method: string) =>
    new Promise(resolve => {
      asked.push({ method, answer: state => resolve({ state, digest: 'd', error: null }) });
    });
  const source = { onopen: null, onmessage: null, onerror: null, close: () => undefined };
  const events = new Events('events', { open: () => source });
  const tell = (action: string) => {
    const data = JSON.stringify({ room: 'environments', id: 'd', version: 1, action });
    (source.onmessage as unknown as (message: { data: string }) => void)({ data });
  };
  return {
    asked,
    events,
    tell,
    model: new EnvironmentModel({ request } as unknown as Client, events, 'x.ipynb')
  };
}

describe('The environment of a notebook', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  it('is ready although the end of the build is told while an answer is on its way', async () => {
    const { asked, tell, model } = server();
    void model.build();
    asked[0]?.answer('building');
    await settle();
    tell('building');
    await jest.advanceTimersByTimeAsync(1_000);
    tell('ready');
    await jest.advanceTimersByTimeAsync(1_000);
    asked[1]?.answer('building');
    await jest.advanceTimersByTimeAsync(1_000);
    asked[2]?.answer('ready');
    await settle();
    expect(model.status?.state).toBe('ready');
  });

  it('does not go back to what an older answer says', async () => {
    const { asked, tell, model } = server();
    void model.build();
    tell('ready');
    await jest.advanceTimersByTimeAsync(1_000);
    expect(asked.map(({ method }) => method)).toEqual(['POST', 'GET']);
    asked[1]?.answer('ready');
    await settle();
    asked[0]?.answer('building');
    await settle();
    expect(model.status?.state).toBe('ready');
  });
});
