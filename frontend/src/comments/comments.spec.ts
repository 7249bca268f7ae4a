import type { Client } from '../api/client';
import { ApiError } from '../api/errors';
import { type EventSourceLike, Events } from '../api/events';
import { type Anchor, hash, lineBounds, quoteOf, resolve } from './anchor';
import { complete, matching, mentionAt, pieces } from './mentions';
import { type Thread, ThreadsModel } from './model';

const SOURCE = 'import pandas as pd\ndf = pd.read_csv("data.csv")\ndf = df.dropna()\ndf.head()';

function anchorAt(words: string, cell = 'a', source = SOURCE): Anchor {
  const start = source.indexOf(words);
  return {
    cell_id: cell,
    part: 'source',
    quote: quoteOf(source, start, start + words.length),
    line: source.slice(0, start).split('\n').length - 1,
    source_hash: '',
    side: 'new',
    commit: ''
  };
}

describe('quoteOf', () => {
  it('keeps what stands around the words', () => {
    expect(quoteOf(SOURCE, 25, 36)).toEqual({
      exact: 'pd.read_csv',
      prefix: 'import pandas as pd\ndf = ',
      suffix: '("data.csv")\ndf = df.dropna()\ndf'
    });
    expect(quoteOf('a  b', 1, 3)).toBeNull();
  });

  it('never cuts a character in half', () => {
    const text = `${'x'.repeat(31)}🙂quote🙂`;
    const start = text.indexOf('quote');
    const quote = quoteOf(text, start, start + 5);
    expect(quote?.prefix.endsWith('🙂')).toBe(true);
    expect(quoteOf(`🙂${'y'.repeat(31)}quote`, 33, 38)?.prefix).toBe('y'.repeat(31));
    expect(quoteOf('z'.repeat(1999) + '🙂🙂', 0, 2003)?.exact).toBe('z'.repeat(1999));
  });
});

describe('lineBounds', () => {
  it('are those of the text in the line', () => {
    const source = 'if x:\n    y = 1  \n';
    expect(lineBounds(source, 8)).toEqual({ start: 10, end: 15 });
    expect(lineBounds(source, 0)).toEqual({ start: 0, end: 5 });
    expect(lineBounds(source, 18)).toEqual({ start: 18, end: 18 });
  });
});

describe('resolve', () => {
  const anchor = anchorAt('pd.read_csv("data.csv")');
  const cells = (...sources: string[]) =>
    sources.map((source, index) => ({ id: 'abc'[index] ?? '', source }));

  it('finds the quote where it was, and after edits around it', () => {
    expect(resolve(anchor, cells(SOURCE))).toEqual({ cell: 0, start: 25, end: 48, how: 'exact' });
    expect(resolve(anchor, cells(`# new\n${SOURCE}`))).toMatchObject({ start: 31, how: 'exact' });
    expect(resolve(anchor, cells('df = pd.read_csv(\n  "data.csv"\n)'))).toEqual({
      cell: 0,
      start: 5,
      end: 32,
      how: 'exact'
    });
  });

  it('tells repeated quotes apart by their surroundings, then by their line', () => {
    const second = anchorAt('df = df');
    expect(
      resolve(second, cells('df = df.copy()\ndf = pd.read_csv("data.csv")\ndf = df.dropna()'))?.start
    ).toBe(44);
    const bare = { ...second, quote: { exact: 'df', prefix: '', suffix: '' }, line: 2 };
    expect(resolve(bare, cells('df\n\ndf'))?.start).toBe(4);
  });

  it('follows a quote to the cell that it was moved to', () => {
    expect(resolve(anchor, cells('import pandas as pd', 'df = pd.read_csv("data.csv")'))).toEqual({
      cell: 1,
      start: 5,
      end: 28,
      how: 'moved'
    });
    expect(resolve({ ...anchor, cell_id: 'gone' }, cells(SOURCE))).toMatchObject({ cell: 0, how: 'moved' });
  });

  it('does not guess between two places, nor from a word that is everywhere', () => {
    const gone = { ...anchor, cell_id: 'gone' };
    expect(resolve(gone, cells(SOURCE, SOURCE))).toBeNull();
    const word = {
      ...anchor,
      cell_id: 'gone',
      quote: { exact: 'SELECT', prefix: 'frame = ws.sql("', suffix: ' * FROM' }
    };
    expect(resolve(word, cells('store = dropdown(ws.sql("SELECT DISTINCT store"))'))).toBeNull();
    expect(resolve(word, cells('frame = ws.sql("SELECT * FROM sales")'))).toMatchObject({
      start: 16,
      how: 'moved'
    });
  });

  it('stays with its cell when the words are gone, and says so', () => {
    expect(resolve(anchor, cells('import polars\ndf = read()\n'))).toEqual({
      cell: 0,
      start: 14,
      end: 14,
      how: 'outdated'
    });
    expect(resolve({ ...anchor, quote: null }, cells('x'))).toMatchObject({ cell: 0, how: 'cell' });
    expect(resolve({ ...anchor, quote: null, cell_id: 'gone' }, cells('x'))).toBeNull();
    expect(resolve(anchor, [])).toBeNull();
  });
});

describe('hash', () => {
  it('is SHA-256, or nothing where there is none', async () => {
    expect(['', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad']).toContain(
      await hash('abc')
    );
  });
});

describe('mentions', () => {
  const people = [
    { name: 'ana', display_name: 'Ana Maria' },
    { name: 'bo', display_name: 'Bo' }
  ];

  it('are known while they are typed', () => {
    expect(mentionAt('ask @', 5)).toEqual({ start: 5, query: '' });
    expect(mentionAt('ask @an please', 7)).toEqual({ start: 5, query: 'an' });
    expect(mentionAt('mail ana@an', 11)).toBeNull();
    expect(mentionAt('ask @an please', 10)).toBeNull();
  });

  it('match the beginning of any name', () => {
    expect(matching(people, 'MAR').map(person => person.name)).toEqual(['ana']);
    expect(matching(people, '').map(person => person.name)).toEqual(['ana', 'bo']);
    expect(matching(people, 'na')).toEqual([]);
  });

  it('are completed with one space after them', () => {
    expect(complete('ask @an', { start: 5, query: 'an' }, 7, 'ana')).toEqual({ text: 'ask @ana ', caret: 9 });
    expect(complete('ask @an now', { start: 5, query: 'an' }, 7, 'ana')).toEqual({
      text: 'ask @ana now',
      caret: 9
    });
  });

  it('are pieces of a text when they name somebody', () => {
    const names = new Set(['ana', 'bo']);
    expect(pieces('see @ana, (@bo) and @nobody.', names)).toEqual([
      { text: 'see ', mention: false },
      { text: '@ana', mention: true },
      { text: ', (', mention: false },
      { text: '@bo', mention: true },
      { text: ') and @nobody.', mention: false }
    ]);
  });
});

describe('ThreadsModel', () => {
  const ana = { id: '1', name: 'ana', display_name: 'Ana', initials: 'A', color: '', role: 'owner' as const };
  const thread: Thread = {
    id: 't1',
    document: 'file:x.ipynb',
    anchor: anchorAt('df.head()'),
    branch: '',
    state: 'open',
    created: '2026-11-20T00:00:00+00:00',
    created_by: ana,
    resolved: null,
    resolved_by: null,
    comments: []
  };

  /** A model whose requests are answered by `answer`. */
  function modelThat(answer: (method: string, path: string, body: unknown) => unknown) {
    const source: EventSourceLike = { onopen: null, onmessage: null, onerror: null, close: () => undefined };
    const events = new Events('events', { open: () => source });
    const asked: string[] = [];
    const request = (method: string, path: string, body: unknown) => {
      asked.push(`${method} ${path}`);
      return Promise.resolve().then(() => answer(method, path, body));
    };
    const model = new ThreadsModel({ request } as unknown as Client, events, 'x.ipynb');
    const tell = (id: string) =>
      source.onmessage?.({
        data: JSON.stringify({ room: 'comments', id, version: 1, action: 'replied' })
      } as never);
    return { model, asked, tell, events };
  }

  it('shows a comment while it is sent, and then what the server made of it', async () => {
    const { model } = modelThat(() => thread);
    const sent = model.begin(thread.anchor, 'why?');
    expect(model.pending.map(each => [each.text, each.error])).toEqual([['why?', null]]);
    await sent;
    expect(model.pending).toEqual([]);
    expect(model.threads).toEqual([thread]);
  });

  it('keeps the text of what failed, and sends it again', async () => {
    let works = false;
    const refusal = new ApiError(0, { code: 'unreachable', message: 'No answer.', hint: '' });
    const { model } = modelThat(() => {
      if (!works) {
        throw refusal;
      }
      return thread;
    });
    await model.reply('t1', 'because');
    expect(model.pending).toMatchObject([{ text: 'because', error: refusal }]);
    works = true;
    await model.retry(model.pending[0]!);
    expect(model.pending).toEqual([]);
    expect(model.threads).toEqual([thread]);
  });

  it('fetches again when its own document changed, and not for others', async () => {
    const { model, asked, tell } = modelThat(() => ({ document: thread.document, threads: [thread] }));
    await model.refresh();
    tell('file:other.ipynb');
    expect(asked).toEqual(['GET comments']);
    tell(thread.document);
    expect(asked).toEqual(['GET comments', 'GET comments']);
    model.dispose();
    tell(thread.document);
    expect(asked).toHaveLength(2);
  });
});
