import { exactTime, duration } from '../../ui';
import type { Schedule } from '../model';
import { STATES } from '../words';

type Bar = Schedule['recent'][number];

export interface RunBarsProps {
  /** Oldest first. */
  bars: readonly Bar[];
  onOpen: (run: string) => void;
}

const HEIGHT = 24;
const LEAST = 4;

/** A bar per run: newest right, height is time, colour is state. */
export function RunBars({ bars, onOpen }: RunBarsProps): JSX.Element | null {
  if (bars.length === 0) {
    return null;
  }
  const longest = Math.max(1, ...bars.map(bar => bar.seconds));
  return (
    <div className="atrium-Jobs-bars" role="group" aria-label="Last runs">
      {bars.map(bar => {
        const title = `${STATES[bar.state]}, ${exactTime(bar.started)}, ${duration(bar.seconds * 1000)}`;
        const height = Math.max(LEAST, Math.round((bar.seconds / longest) * HEIGHT));
        return (
          <button
            key={bar.id}
            type="button"
            className={`atrium-Jobs-bar atrium-mod-${bar.state}`}
            title={title}
            aria-label={title}
            onClick={event => {
              event.stopPropagation();
              onOpen(bar.id);
            }}
          >
            <svg width="6" height={HEIGHT} aria-hidden="true">
              <rect x="0" y={HEIGHT - height} width="6" height={height} rx="1" />
            </svg>
          </button>
        );
      })}
    </div>
  );
}
