import { useEffect, useState } from 'react';

import { exactTime, relativeTime } from './time';

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
  const now = useNow(30_000);
  return (
    <time className="atrium-RelativeTime" dateTime={props.time} title={exactTime(props.time)}>
      {relativeTime(props.time, now)}
    </time>
  );
}
