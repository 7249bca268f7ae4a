import type { Ticked } from '../staging';

export interface TickProps {
  label: string;
  ticked: Ticked;
  onTick: (ticked: boolean) => void;
}

/** A checkbox that can be ticked in part. */
export function Tick({ label, ticked, onTick }: TickProps): JSX.Element {
  return (
    <input
      type="checkbox"
      className="atrium-Tick"
      aria-label={label}
      checked={ticked === 'all'}
      ref={input => {
        if (input) {
          input.indeterminate = ticked === 'some';
        }
      }}
      onClick={event => event.stopPropagation()}
      onChange={event => onTick(event.target.checked)}
    />
  );
}
