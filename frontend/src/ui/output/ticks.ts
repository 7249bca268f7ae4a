const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const MONTH = 30.44 * DAY;

/** Steps that people count in, in milliseconds below a month and in months from there on. */
const STEPS = [1_000, 5_000, 15_000, 30_000, MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE]
  .concat([HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 7 * DAY, 14 * DAY])
  .map(milliseconds => ({ milliseconds, months: 0 }))
  .concat([1, 3, 6, 12, 24, 60, 120, 240, 600].map(months => ({ milliseconds: months * MONTH, months })));

export interface Ticks {
  /** Milliseconds since 1970. */
  values: number[];
  label: (value: number) => string;
}

/** At most `most` round moments (UTC) between two, and how they are written at that distance. */
export function timeTicks(from: number, to: number, most: number): Ticks {
  const step =
    STEPS.find(({ milliseconds }) => (to - from) / milliseconds <= most) ?? STEPS[STEPS.length - 1]!;
  const values: number[] = [];
  for (let value = first(from, step); value <= to && values.length <= most; value = next(value, step)) {
    values.push(value);
  }
  return { values, label: labelling(step.milliseconds) };
}

type Step = (typeof STEPS)[number];

function first(from: number, step: Step): number {
  if (step.months === 0) {
    // Weeks begin on Mondays, and 1970 began on a Thursday.
    const offset = step.milliseconds % (7 * DAY) === 0 ? 4 * DAY : 0;
    return Math.ceil((from - offset) / step.milliseconds) * step.milliseconds + offset;
  }
  const date = new Date(from);
  const month = date.getUTCFullYear() * 12 + date.getUTCMonth();
  const start = Math.floor(month / step.months) * step.months;
  const value = startOf(start);
  return value < from ? next(value, step) : value;
}

function next(value: number, step: Step): number {
  if (step.months === 0) {
    return value + step.milliseconds;
  }
  const date = new Date(value);
  date.setUTCMonth(date.getUTCMonth() + step.months);
  return date.getTime();
}

/** The first moment of a month counted from the year 0. Not `Date.UTC`, which takes the year 99 for 1999. */
function startOf(month: number): number {
  return new Date(0).setUTCFullYear(Math.floor(month / 12), month % 12, 1);
}

function labelling(step: number): (value: number) => string {
  const options: Intl.DateTimeFormatOptions =
    step >= 12 * MONTH
      ? { year: 'numeric' }
      : step >= MONTH
        ? { month: 'short', year: 'numeric' }
        : step >= DAY
          ? { day: 'numeric', month: 'short' }
          : step >= MINUTE
            ? { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' }
            : { hour: '2-digit', minute: '2-digit', second: '2-digit' };
  const format = new Intl.DateTimeFormat(undefined, { timeZone: 'UTC', ...options });
  return value => format.format(value);
}
