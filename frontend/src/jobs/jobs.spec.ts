import { cronOf, FIRST, ownTimeZone, timeZones } from './cron';
import type { Run, Schedule } from './model';
import { lostWith, nextOf, tookOf } from './words';

const NOW = Date.parse('2026-11-20T12:00:00Z');

function schedule(changes: Partial<Schedule> = {}): Schedule {
  return {
    name: 'weekly',
    words: 'At 06:00 on Monday',
    time_zone: 'Europe/Amsterdam',
    enabled: true,
    next: '2026-11-23T05:00:00+00:00',
    recent: [],
    ...changes
  } as Schedule;
}

describe('cronOf', () => {
  it('is Monday at six unless somebody says otherwise', () => {
    expect(cronOf(FIRST)).toBe('0 6 * * 1');
  });

  it.each([
    [{ every: 'week', weekday: 0, time: '23:59' }, '59 23 * * 0'],
    [{ every: 'weekday', time: '07:30' }, '30 7 * * 1-5'],
    [{ every: 'day', time: '00:05' }, '5 0 * * *'],
    [{ every: 'hour', time: '09:15' }, '15 * * * *'],
    [{ every: 'month', day: 31, time: '06:00' }, '0 6 31 * *']
  ] as const)('%o', (choice, expected) => {
    expect(cronOf({ ...FIRST, ...choice })).toBe(expected);
  });

  it('has none for a time that is not one', () => {
    expect(cronOf({ ...FIRST, time: '' })).toBe('');
  });
});

test('the own time zone comes first', () => {
  expect(timeZones()[0]).toBe(ownTimeZone());
  expect(new Set(timeZones()).size).toBe(timeZones().length);
});

test('what a schedule does next', () => {
  expect(nextOf(schedule(), NOW)).toBe('next in 2 d');
  expect(nextOf(schedule({ enabled: false, next: null }), NOW)).toBe('paused');
  const going = { id: '1', state: 'preparing', started: '', seconds: 0 } as const;
  expect(nextOf(schedule({ recent: [going] }), NOW)).toBe('running');
});

test('how long a run took', () => {
  const run = { started: '2026-11-20T11:58:00Z', ended: null } as Run;
  expect(tookOf(run, NOW)).toBe('2 min');
  expect(tookOf({ ...run, ended: '2026-11-20T11:58:08Z' }, NOW)).toBe('8 s');
  expect(tookOf({ ...run, started: null }, NOW)).toBe('');
});

test('deleting says what is lost and what stays', () => {
  expect(lostWith(schedule())).toContain('will not run again');
  expect(lostWith(schedule())).toContain('It has never run.');
});
