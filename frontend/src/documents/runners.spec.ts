import type { QueuedCell } from './queue';
import { runnerTitle } from './runners';

const cell = (state: QueuedCell['state']): QueuedCell => ({
  cell_id: 'c',
  request_id: 'r',
  state,
  person: 'Ana',
  user: 'ana',
  since: '2026-11-23T06:02:00+00:00',
  input: null
});

describe('runnerTitle', () => {
  it('says who runs a cell, and since when', () => {
    expect(runnerTitle(cell('running'), 'bo')).toMatch(/^Ana runs this cell, since .*2026.*\.$/);
    expect(runnerTitle(cell('running'), 'ana')).toMatch(/^You run this cell, since .*2026.*\.$/);
  });

  it('says who asked for a cell that waits', () => {
    expect(runnerTitle(cell('waiting'), 'bo')).toMatch(
      /^Ana has asked to run this cell, .* waits for its turn\.$/
    );
    expect(runnerTitle(cell('waiting'), 'ana')).toMatch(/^You have asked to run this cell, /);
  });
});
