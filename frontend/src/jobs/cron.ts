/** How often, in the words of the form; `custom` is a cron expression as it is typed. */
export type Every = 'week' | 'weekday' | 'day' | 'hour' | 'month' | 'custom';

export const EVERY: Record<Every, string> = {
  week: 'Every week',
  weekday: 'Monday to Friday',
  day: 'Every day',
  hour: 'Every hour',
  month: 'Every month',
  custom: 'Custom (cron)'
};

/** As cron counts them. */
export const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];

export interface When {
  every: Every;
  /** 0 is Sunday, as for cron. */
  weekday: number;
  /** Of the month. */
  day: number;
  /** "06:00"; of an hourly schedule, its minutes count. */
  time: string;
}

export const FIRST: When = { every: 'week', weekday: 1, day: 1, time: '06:00' };

/** The cron expression of a choice; '' for a time that is not one. `custom` has none of its own. */
export function cronOf(when: When): string {
  const match = /^(\d{1,2}):(\d{1,2})$/.exec(when.time);
  if (!match) {
    return '';
  }
  const [hour, minute] = [Number(match[1]), Number(match[2])];
  switch (when.every) {
    case 'week':
      return `${minute} ${hour} * * ${when.weekday}`;
    case 'weekday':
      return `${minute} ${hour} * * 1-5`;
    case 'day':
      return `${minute} ${hour} * * *`;
    case 'hour':
      return `${minute} * * * *`;
    case 'month':
      return `${minute} ${hour} ${when.day} * *`;
    case 'custom':
      return '';
  }
}

/** The browser's time zone. */
export function ownTimeZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';
}

/** Every time zone that the browser knows. */
export function timeZones(): string[] {
  const known = (Intl as { supportedValuesOf?: (key: string) => string[] }).supportedValuesOf?.('timeZone');
  return [...new Set([ownTimeZone(), 'UTC', ...(known ?? [])])];
}
