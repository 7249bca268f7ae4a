import type { Choice } from '../src/ui/output';
import type { View } from './api';

const DAY = /^\d{4}-\d\d-\d\d$/;

/** How choices are read: days as people write them when all of them are days. */
export function labels(choices: readonly unknown[]): (value: unknown) => string {
  const days = choices.length > 0 && choices.every(choice => typeof choice === 'string' && DAY.test(choice));
  return value =>
    days && typeof value === 'string'
      ? new Date(`${value}T12:00`).toLocaleDateString(undefined, {
          weekday: 'short',
          day: 'numeric',
          month: 'short',
          year: 'numeric'
        })
      : String(value);
}

/** "Mon 23 Nov 06:02", "today 06:02", with the year when it is another one. */
export function moment(time: string, now: Date = new Date()): string {
  const date = new Date(time);
  const clock = `${two(date.getHours())}:${two(date.getMinutes())}`;
  const midnight = (day: Date) => new Date(day.getFullYear(), day.getMonth(), day.getDate()).getTime();
  const days = Math.round((midnight(now) - midnight(date)) / 86_400_000);
  if (days === 0 || days === 1) {
    return `${days ? 'yesterday' : 'today'} ${clock}`;
  }
  const part = (options: Intl.DateTimeFormatOptions) => date.toLocaleDateString(undefined, options);
  const year = date.getFullYear() === now.getFullYear() ? '' : ` ${date.getFullYear()}`;
  return `${part({ weekday: 'short' })} ${date.getDate()} ${part({ month: 'short' })}${year} ${clock}`;
}

/** "8 s", "7 min", "2 h". */
export function took(seconds: number): string {
  if (seconds < 60) {
    return `${Math.max(1, Math.round(seconds))} s`;
  }
  return seconds < 5_400 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3_600)} h`;
}

/** "Store New York, From day 3": what somebody chose, in words. */
export function spoken(view: View, values: Record<string, Choice>, names: readonly string[]): string {
  return view.widgets
    .filter(widget => names.includes(widget.name))
    .map(widget => `${widget.label} ${labels(widget.choices)(values[widget.name])}`)
    .join(', ');
}

function two(number: number): string {
  return String(number).padStart(2, '0');
}
