import { Refresh } from './refresh';

const WAIT = 100;

/** A fetch whose answers are given by hand. */
function server() {
  const asked: { answer: () => void; fail: () => void }[] = [];
  const fetch = () =>
    new Promise<void>((resolve, reject) => {
      asked.push({ answer: resolve, fail: () => reject(new Error('gone')) });
    });
  return { asked, fetch };
}

const settle = () => jest.advanceTimersByTimeAsync(0);

describe('Refresh', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  it('fetches once for many events', async () => {
    const { asked, fetch } = server();
    const refresh = new Refresh(fetch, WAIT);
    refresh.soon();
    refresh.soon();
    expect(asked).toHaveLength(0);
    await jest.advanceTimersByTimeAsync(WAIT);
    expect(asked).toHaveLength(1);
  });

  it('fetches again for what happens during a fetch, after it', async () => {
    const { asked, fetch } = server();
    const refresh = new Refresh(fetch, WAIT);
    refresh.soon();
    await jest.advanceTimersByTimeAsync(WAIT);
    refresh.soon();
    refresh.soon();
    await jest.advanceTimersByTimeAsync(5 * WAIT);
    expect(asked).toHaveLength(1);
    asked[0]?.answer();
    await settle();
    expect(asked).toHaveLength(2);
    asked[1]?.answer();
    await jest.advanceTimersByTimeAsync(5 * WAIT);
    expect(asked).toHaveLength(2);
  });

  it('tells when what was asked for is there, not what ran before', async () => {
    const { asked, fetch } = server();
    const refresh = new Refresh(fetch, WAIT);
    void refresh.now();
    let done = false;
    const later = refresh.now().then(() => {
      done = true;
    });
    void refresh.now();
    asked[0]?.answer();
    await settle();
    expect([asked.length, done]).toEqual([2, false]);
    asked[1]?.answer();
    await later;
    expect([asked.length, done]).toEqual([2, true]);
  });

  it('goes on after a failure, and says so to who waited for it', async () => {
    const { asked, fetch } = server();
    const refresh = new Refresh(fetch, WAIT);
    const first = refresh.now();
    const second = refresh.now();
    asked[0]?.fail();
    await expect(first).rejects.toThrow('gone');
    asked[1]?.answer();
    await expect(second).resolves.toBeUndefined();
  });

  it('fetches no more once it is disposed', async () => {
    const { asked, fetch } = server();
    const refresh = new Refresh(fetch, WAIT);
    void refresh.now();
    const later = refresh.now();
    refresh.soon();
    refresh.dispose();
    asked[0]?.answer();
    await later;
    refresh.soon();
    await jest.advanceTimersByTimeAsync(5 * WAIT);
    expect(asked).toHaveLength(1);
  });
});
