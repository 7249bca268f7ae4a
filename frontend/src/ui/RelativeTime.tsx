import { useEffect, useState } from 'react';

import { exactTime, relativeTime } from './time';

const TICK_MS = 30_000;

/** The current time in milliseconds, renewed every `every` milliseconds while `active`. */
export function useNow(every: number, active = true): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (!active) {
      return;
    }
    const timer = setInterval(() => setNow(Date.now()), every);
    return () => clearInterval(timer);
  }, [every, active]);
  return now;
}

/** "3 min ago", the exact moment on hover. `time` is ISO 8601. */
export function RelativeTime(props: { time: string }): JSX.Element {
  const ticked = useNow(TICK_MS);
  // What happened since the last tick is not in the future.
  const now = Math.max(ticked, Math.min(Date.parse(props.time), ticked + TICK_MS));
  return (
    <time className="atrium-RelativeTime" dateTime={props.time} title={exactTime(props.time)}>
      {relativeTime(props.time, now)}
    </time>
  );
}
