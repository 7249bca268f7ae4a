import { Fragment, type KeyboardEvent, useEffect, useRef } from 'react';

import { Avatar, exactTime } from '../../ui';
import { step } from '../../ui/rows';
import { byDay, type Point, reason, timeOfDay } from '../history';

export interface HistoryTimelineProps {
  points: readonly Point[];
  selected: string | null;
  onSelect: (id: string) => void;
}

/** Versions by day. Arrow keys move through them, and what one moves to is shown. */
export function HistoryTimeline({ points, selected, onSelect }: HistoryTimelineProps): JSX.Element {
  const list = useRef<HTMLDivElement>(null);
  const index = points.findIndex(point => point.id === selected);
  useEffect(() => {
    list.current?.querySelector('[aria-selected=true]')?.scrollIntoView?.({ block: 'nearest' });
  }, [selected]);

  const onKeyDown = (event: KeyboardEvent) => {
    const next = step(event.key, index, points.length);
    const point = next === null ? undefined : points[next];
    if (point) {
      event.preventDefault();
      onSelect(point.id);
      list.current?.querySelector<HTMLElement>(`[data-key="${point.id}"]`)?.focus();
    }
  };

  return (
    <div
      ref={list}
      className="atrium-History-timeline"
      role="listbox"
      aria-label="Versions"
      onKeyDown={onKeyDown}
    >
      {byDay(points).map(day => (
        <Fragment key={day.label}>
          <div className="atrium-History-day" role="presentation">
            {day.label}
          </div>
          {day.points.map(point => (
            <div
              key={point.id}
              role="option"
              className="atrium-History-point"
              data-key={point.id}
              aria-selected={point.id === selected}
              tabIndex={point.id === selected || (index < 0 && point === points[0]) ? 0 : -1}
              title={exactTime(point.created)}
              onClick={() => onSelect(point.id)}
            >
              <span className="atrium-History-time atrium-Number">{timeOfDay(point.created)}</span>
              <span className="atrium-History-what">
                {point.kind === 'automatic' && !point.name && point.people.length ? null : (
                  <span className={point.name ? 'atrium-History-name' : ''}>
                    {point.name || reason(point)}
                  </span>
                )}
                <People point={point} />
              </span>
            </div>
          ))}
        </Fragment>
      ))}
    </div>
  );
}

/** Avatars, and the names as far as there is room. */
function People({ point }: { point: Point }): JSX.Element | null {
  if (point.people.length === 0) {
    return null;
  }
  return (
    <span className="atrium-History-people" title={point.people.join(', ')}>
      {point.people.slice(0, 3).map(name => (
        <Avatar key={name} name={name} />
      ))}
      <span className="atrium-Muted atrium-List-label">{point.people.join(', ')}</span>
    </span>
  );
}
