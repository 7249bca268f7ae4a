import {
  type Event as AtriumEvent,
  Events,
  type EventSourceLike,
  FIRST_DELAY_MS,
  HIDDEN_MS,
  LONGEST_DELAY_MS,
  parseEvent,
  reconnectDelay
} from './events';

/** The browser's EventSource, driven by hand. */
class Source implements EventSourceLike {
  onopen: ((event: never) => void) | null = null;
  onmessage: ((event: never) => void) | null = null;
  onerror: ((event: never) => void) | null = null;
  closed = false;

  close(): void {
    this.closed = true;
  }
  opens(): void {
    this.onopen?.({} as never);
  }
  fails(): void {
    this.onerror?.({} as never);
  }
  sends(data: unknown): void {
    this.onmessage?.({ data: typeof data === 'string' ? data : JSON.stringify(data) } as never);
  }
}

function stream() {
  const sources: Source[] = [];
  const events = new Events('/atrium/api/events', {
    open: () => {
      const source = new Source();
      sources.push(source);
      return source;
    },
    random: () => 1
  });
  const heard: AtriumEvent[] = [];
  let refetches = 0;
  events.changed.connect((_, event) => void heard.push(event));
  events.refetch.connect(() => void (refetches += 1));
  const last = () => sources[sources.length - 1] as Source;
  return { events, sources, heard, last, refetches: () => refetches };
}

function show(state: 'visible' | 'hidden') {
  Object.defineProperty(document, 'visibilityState', { value: state, configurable: true });
  document.dispatchEvent(new Event('visibilitychange'));
}

const cloned = { room: 'projects', id: 'p1', version: 3, action: 'cloned' };

beforeEach(() => jest.useFakeTimers());
afterEach(() => {
  show('visible');
  jest.useRealTimers();
});

describe('reconnectDelay', () => {
  it('doubles from the first delay up to the longest', () => {
    expect([0, 1, 2, 3].map(attempt => reconnectDelay(attempt, 1))).toEqual([1_000, 2_000, 4_000, 8_000]);
    expect(reconnectDelay(50, 1)).toBe(LONGEST_DELAY_MS);
  });

  it('is spread over its upper half', () => {
    expect(reconnectDelay(0, 0)).toBe(FIRST_DELAY_MS / 2);
    expect(reconnectDelay(50, 0)).toBe(LONGEST_DELAY_MS / 2);
  });
});

describe('parseEvent', () => {
  it('reads an event and refuses what is none', () => {
    expect(parseEvent(JSON.stringify(cloned))).toEqual(cloned);
    expect(parseEvent('<html>')).toBeNull();
    expect(parseEvent('null')).toBeNull();
    expect(parseEvent('{"room": "projects"}')).toBeNull();
  });
});

describe('Events', () => {
  it('passes events on, and nothing that is none', () => {
    const { events, last, heard } = stream();
    last().opens();
    last().sends(cloned);
    last().sends('not json');
    expect(heard).toEqual([cloned]);
    events.dispose();
  });

  it('asks for a refetch after a reconnect, not after the first connect', () => {
    const { events, sources, last, refetches } = stream();
    last().opens();
    expect(refetches()).toBe(0);
    last().fails();
    expect(sources[0]?.closed).toBe(true);
    expect(events.connected).toBe(false);
    jest.advanceTimersByTime(FIRST_DELAY_MS);
    expect(sources).toHaveLength(2);
    expect(refetches()).toBe(0);
    last().opens();
    expect(events.connected).toBe(true);
    expect(refetches()).toBe(1);
    events.dispose();
  });

  it('waits longer after each failure and starts over after a success', () => {
    const { events, sources, last } = stream();
    last().fails();
    jest.advanceTimersByTime(1_000);
    expect(sources).toHaveLength(2);
    last().fails();
    jest.advanceTimersByTime(1_999);
    expect(sources).toHaveLength(2);
    jest.advanceTimersByTime(1);
    expect(sources).toHaveLength(3);
    last().opens();
    last().fails();
    jest.advanceTimersByTime(1_000);
    expect(sources).toHaveLength(4);
    events.dispose();
  });

  it('reconnects at once when the network is back', () => {
    const { events, sources, last } = stream();
    last().fails();
    window.dispatchEvent(new Event('online'));
    expect(sources).toHaveLength(2);
    jest.advanceTimersByTime(LONGEST_DELAY_MS);
    expect(sources).toHaveLength(2);
    events.dispose();
  });

  it('lets the connection go in a tab hidden for long, and catches up when it is seen again', () => {
    const { events, sources, last, refetches } = stream();
    last().opens();
    show('hidden');
    jest.advanceTimersByTime(HIDDEN_MS - 1);
    expect(last().closed).toBe(false);
    jest.advanceTimersByTime(1);
    expect(last().closed).toBe(true);
    show('visible');
    expect(sources).toHaveLength(2);
    last().opens();
    expect(refetches()).toBe(1);
    events.dispose();
  });

  it('keeps the connection of a tab hidden for a moment', () => {
    const { events, sources, last } = stream();
    last().opens();
    show('hidden');
    jest.advanceTimersByTime(HIDDEN_MS / 2);
    show('visible');
    jest.advanceTimersByTime(HIDDEN_MS);
    expect(sources).toHaveLength(1);
    expect(last().closed).toBe(false);
    events.dispose();
  });

  it('tells a room of its own events and of every refetch, until disposed', () => {
    const { events, last } = stream();
    const heard: (AtriumEvent | null)[] = [];
    const subscription = events.on('projects', event => heard.push(event));
    last().opens();
    last().sends(cloned);
    last().sends({ ...cloned, room: 'jobs' });
    last().fails();
    jest.advanceTimersByTime(FIRST_DELAY_MS);
    last().opens();
    expect(heard).toEqual([cloned, null]);
    subscription.dispose();
    last().sends(cloned);
    expect(heard).toHaveLength(2);
    events.dispose();
  });

  it('stays silent once disposed', () => {
    const { events, sources, last } = stream();
    last().fails();
    events.dispose();
    jest.advanceTimersByTime(LONGEST_DELAY_MS);
    window.dispatchEvent(new Event('online'));
    expect(sources).toHaveLength(1);
  });
});
