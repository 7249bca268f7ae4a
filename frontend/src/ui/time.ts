const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** "just now", "3 min ago", "in 2 h", "5 d ago"; beyond four weeks the date. Invalid times give "". */
export function relativeTime(time: string | number | Date, now: number = Date.now()): string {
  const then = new Date(time);
  const seconds = Math.round((then.getTime() - now) / 1000);
  if (Number.isNaN(seconds)) {
    return '';
  }
  const size = Math.abs(seconds);
  if (size < MINUTE) {
    return seconds > 0 ? 'in a moment' : 'just now';
  }
  if (size >= 28 * DAY) {
    return then.toLocaleDateString(undefined, { day: 'numeric', month: 'short', year: 'numeric' });
  }
  const [unit, name] = size < HOUR ? [MINUTE, 'min'] : size < DAY ? [HOUR, 'h'] : [DAY, 'd'];
  const count = Math.floor(size / unit);
  return seconds > 0 ? `in ${count} ${name}` : `${count} ${name} ago`;
}

/** The moment in full, in the reader's language and time zone, with the zone's name. */
export function exactTime(time: string | number | Date): string {
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) {
    return '';
  }
  return date.toLocaleString(undefined, {
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    timeZoneName: 'short'
  });
}

/** "8 s", "3 min 5 s", "2 h 10 min". */
export function duration(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  if (seconds < MINUTE) {
    return `${seconds} s`;
  }
  if (seconds < HOUR) {
    return joined(Math.floor(seconds / MINUTE), 'min', seconds % MINUTE, 's');
  }
  return joined(Math.floor(seconds / HOUR), 'h', Math.floor((seconds % HOUR) / MINUTE), 'min');
}

function joined(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small ? `${large} ${largeUnit} ${small} ${smallUnit}` : `${large} ${largeUnit}`;
}
