import { ANSWER_MS, BLINK_MS, MARK_MS, Saving } from './saving';

describe('Saving', () => {
  let marks: number[];
  let saving: Saving;

  beforeEach(() => {
    jest.useFakeTimers();
    marks = [];
    saving = new Saving({ mark: id => marks.push(id) > 0 });
    saving.connected();
  });

  afterEach(() => {
    saving.dispose();
    jest.useRealTimers();
  });

  it('asks after a pause, and at least every second while somebody types', () => {
    saving.touch('a');
    jest.advanceTimersByTime(MARK_MS - 1);
    expect(marks).toEqual([]);
    jest.advanceTimersByTime(1);
    expect(marks).toEqual([1]);
    saving.marked(1);
    for (let key = 0; key < 11; key++) {
      saving.touch('a');
      jest.advanceTimersByTime(100);
    }
    expect(marks).toEqual([1, 2]);
  });

  it('is saved only once a mark covers the last change', () => {
    saving.touch('a');
    jest.advanceTimersByTime(MARK_MS);
    saving.touch('b');
    saving.marked(1);
    expect([saving.state, saving.changes]).toEqual(['saving', 1]);
    jest.advanceTimersByTime(MARK_MS);
    saving.marked(7);
    expect(saving.state).toBe('saving');
    saving.marked(2);
    expect([saving.state, saving.changes, saving.pending]).toEqual(['saved', 0, false]);
    expect(saving.savedAt).not.toBeNull();
  });

  it('counts as a person does', () => {
    saving.disconnected();
    saving.touch('a');
    saving.touch('a');
    saving.touch('b');
    jest.advanceTimersByTime(1_500);
    saving.touch('b');
    expect(saving.changes).toBe(3);
  });

  it('is offline when the connection stays away, and sends a mark when it is back', () => {
    saving.disconnected();
    saving.touch('a');
    expect(saving.state).toBe('saving');
    jest.advanceTimersByTime(BLINK_MS);
    expect([saving.state, saving.unsafe]).toEqual(['offline', true]);
    saving.keptUpTo(saving.reach);
    expect([saving.unsafe, saving.kept]).toEqual([false, true]);
    saving.touch('a');
    expect(saving.unsafe).toBe(true);
    expect(marks).toEqual([]);
    saving.connected();
    expect(marks).toEqual([1]);
    saving.marked(1);
    expect(saving.state).toBe('saved');
  });

  it('is offline when a mark is not answered, and back when it is', () => {
    saving.touch('a');
    jest.advanceTimersByTime(MARK_MS + ANSWER_MS);
    expect([saving.state, saving.silent]).toEqual(['offline', true]);
    saving.marked(1);
    expect([saving.state, saving.silent]).toEqual(['saved', false]);
  });

  it('does not take the answer of a connection before for one of this', () => {
    saving.touch('a');
    jest.advanceTimersByTime(MARK_MS);
    saving.disconnected();
    saving.connected();
    saving.marked(1);
    expect(saving.state).toBe('saving');
    saving.marked(2);
    expect(saving.state).toBe('saved');
  });

  it('says why it is not saved', () => {
    saving.fail('file', 'The file was deleted.');
    expect([saving.state, saving.reason]).toEqual(['failed', 'The file was deleted.']);
    saving.fail('file', null);
    expect(saving.state).toBe('saved');
    saving.touch('a');
    saving.end('Replaced.');
    expect([saving.state, saving.reason, saving.changes]).toEqual(['ended', 'Replaced.', 1]);
  });
});
