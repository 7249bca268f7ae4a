import { Notification } from '@jupyterlab/apputils';
import type { NotebookPanel } from '@jupyterlab/notebook';
import { Signal } from '@lumino/signaling';

import type { Client } from '../api/client';
import { Events } from '../api/events';
import { KernelModel } from './kernel';
import { EnvironmentModel } from './model';
import { NotebookEnvironment } from './notebook';

const settle = () => jest.advanceTimersByTimeAsync(1_000);

/** A notebook whose kernel runs in the environment `old`, on a server that does what `follow` says. */
async function notebook(follow: (kernel: Record<string, unknown>) => void) {
  const kernel: Record<string, unknown> = {
    id: 'k',
    notebook: 'x.ipynb',
    state: 'started',
    environment: 'old',
    waiting: null,
    added: [],
    moving: false,
    stays: '',
    drift: []
  };
  const declared = { id: 'old' };
  const asked: string[] = [];
  const request = (method: string, path: string) => {
    if (method === 'POST' && path.startsWith('documents')) {
      asked.push(declared.id);
      follow(kernel);
    }
    return Promise.resolve(
      path.startsWith('documents')
        ? { ...kernel }
        : { state: 'ready', digest: declared.id, id: declared.id, error: null }
    );
  };
  const source = { onopen: null, onmessage: null, onerror: null, close: () => undefined };
  const events = new Events('events', { open: () => source });
  const signal = new Signal<object, void>({});
  const restarts: string[] = [];
  const running = { id: 'k', status: 'idle', restart: () => Promise.resolve(restarts.push('k')) };
  const refreshed: string[] = [];
  const sessionManager = { refreshRunning: () => Promise.resolve(refreshed.push('sessions')) };
  const panel = {
    disposed: signal,
    content: { model: { cells: [] } },
    context: { path: 'weekly/x.ipynb' },
    sessionContext: {
      kernelChanged: signal,
      statusChanged: signal,
      session: { kernel: running },
      sessionManager
    }
  };
  const client = { request } as unknown as Client;
  const model = new EnvironmentModel(client, events, 'x.ipynb');
  const environment = new NotebookEnvironment(
    panel as unknown as NotebookPanel,
    model,
    new KernelModel(client, events)
  );
  await model.build();
  await settle();
  const declare = async (id: string) => {
    declared.id = id;
    await model.build();
    await settle();
  };
  /** The kernel is another, or none. */
  const change = async (changes: Record<string, unknown>) => {
    Object.assign(kernel, changes);
    await environment.kernel.follow();
  };
  return { environment, declare, asked, restarts, change, refreshed };
}

describe('The kernel of a notebook', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  it('goes on with what is added, which is news for a while', async () => {
    const { environment, declare, asked } = await notebook(kernel => {
      Object.assign(kernel, { environment: 'new', added: [{ name: 'tqdm', version: '4' }] });
    });
    expect([environment.outdated, environment.moving, environment.news]).toEqual([false, false, 0]);
    await declare('new');
    expect(asked).toEqual(['new']);
    expect([environment.outdated, environment.moving, environment.news]).toEqual([false, false, 1]);
    await jest.advanceTimersByTimeAsync(60_000);
    expect(environment.news).toBe(0);
  });

  it('is asked once for each environment, and outdated where it stays', async () => {
    const { environment, declare, asked, restarts } = await notebook(kernel => {
      kernel['stays'] = 'six 1.17.0 becomes 1.16.0';
    });
    await declare('new');
    await declare('new');
    expect(asked).toEqual(['new']);
    expect(environment.outdated).toBe(true);
    expect(restarts).toEqual([]);
    await declare('old');
    expect(environment.outdated).toBe(false);
  });

  it('restarts by itself only where that is needed and loses nothing', async () => {
    const stays = await notebook(() => undefined);
    await stays.declare('new');
    await stays.environment.settle();
    expect(stays.restarts).toEqual(['k']);
    const goes = await notebook(kernel => {
      kernel['environment'] = 'new';
    });
    await goes.declare('new');
    await goes.environment.settle();
    expect(goes.restarts).toEqual([]);
  });

  it('says why it ended, until a cell has run in the next one', async () => {
    const notices = () => Notification.manager.notifications.map(one => one.message);
    const { change, refreshed } = await notebook(() => undefined);
    await change({ before: '' });
    expect([notices(), refreshed]).toEqual([[], []]);
    const before = 'The kernel stopped after 24 h without work. Its variables are gone.';
    await change({ state: 'ended', before });
    expect([notices(), refreshed]).toEqual([[`x.ipynb: ${before}`], ['sessions']]);
    await change({ state: 'started' });
    expect(notices()).toEqual([`x.ipynb: ${before}`]);
    await change({ before: '' });
    expect(notices()).toEqual([]);
  });

  it('is left to others by those who only read', async () => {
    const { environment, declare, asked } = await notebook(() => undefined);
    environment.model.mayBuild = false;
    await declare('new');
    expect(asked).toEqual([]);
    expect(environment.outdated).toBe(true);
  });
});
