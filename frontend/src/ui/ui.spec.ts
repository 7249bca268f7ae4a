import { colourIndex, initials } from './Avatar';
import { place } from './place';
import { search, step } from './rows';
import { duration, exactTime, relativeTime } from './time';

const now = Date.parse('2026-11-23T06:00:00Z');
const after = (seconds: number) => new Date(now + seconds * 1000).toISOString();

describe('relativeTime', () => {
  it.each([
    [0, 'just now'],
    [-59, 'just now'],
    [20, 'in a moment'],
    [-60, '1 min ago'],
    [-185, '3 min ago'],
    [-3_599, '59 min ago'],
    [-3_600, '1 h ago'],
    [7_200, 'in 2 h'],
    [-86_399, '23 h ago'],
    [-86_400, '1 d ago'],
    [3 * 86_400, 'in 3 d'],
    [-27 * 86_400, '27 d ago']
  ])('of %i s is "%s"', (seconds, words) => {
    expect(relativeTime(after(seconds), now)).toBe(words);
  });

  it('is the date when it is long ago, and nothing when it is no time', () => {
    expect(relativeTime(after(-60 * 86_400), now)).toContain('2026');
    expect(relativeTime('soon', now)).toBe('');
    expect(exactTime('soon')).toBe('');
  });
});

describe('duration', () => {
  it.each([
    [0, '0 s'],
    [8_900, '8 s'],
    [60_000, '1 min'],
    [185_000, '3 min 5 s'],
    [7_800_000, '2 h 10 min'],
    [-5, '0 s']
  ])('of %i ms is "%s"', (milliseconds, words) => {
    expect(duration(milliseconds)).toBe(words);
  });
});

describe('search', () => {
  const items = ['forecast weekly', 'quality report', 'Forecast daily'];
  const found = (query: string) => search(items, query, item => item);

  it('finds every word, in any order and case', () => {
    expect(found('FORECAST')).toEqual(['forecast weekly', 'Forecast daily']);
    expect(found('daily fore')).toEqual(['Forecast daily']);
    expect(found('nothing')).toEqual([]);
    expect(found('  ')).toBe(items);
  });
});

describe('step', () => {
  it('moves within the rows and stops at their ends', () => {
    expect(step('ArrowDown', 0, 3)).toBe(1);
    expect(step('ArrowDown', 2, 3)).toBe(2);
    expect(step('ArrowUp', 0, 3)).toBe(0);
    expect(step('Home', 2, 3)).toBe(0);
    expect(step('End', 0, 3)).toBe(2);
    expect(step('a', 0, 3)).toBeNull();
  });
});

describe('place', () => {
  const window = { width: 1000, height: 600 };
  const layer = { width: 300, height: 200 };
  const anchor = (left: number, top: number) => ({ left, right: left + 80, top, bottom: top + 22 });

  it('goes below its anchor', () => {
    expect(place(anchor(100, 50), layer, window)).toEqual({ left: 100, top: 76 });
  });

  it('goes above where there is no room below', () => {
    expect(place(anchor(100, 560), layer, window)).toEqual({ left: 100, top: 356 });
  });

  it('stays within the window', () => {
    expect(place(anchor(950, 50), layer, window).left).toBe(692);
    expect(place(anchor(100, 300), { width: 300, height: 590 }, window).top).toBe(8);
  });
});

describe('Avatar', () => {
  it('stands for a name with its first and last initial', () => {
    expect(initials('Ana')).toBe('A');
    expect(initials('ana maria de bo')).toBe('AB');
    expect(initials('  ')).toBe('?');
  });

  it('gives a name the same one of seven colours always', () => {
    expect(colourIndex('Ana')).toBe(colourIndex('Ana'));
    for (const name of ['Ana', 'Bo', '', 'ana maria']) {
      expect(colourIndex(name)).toBeGreaterThanOrEqual(1);
      expect(colourIndex(name)).toBeLessThanOrEqual(7);
    }
  });
});
