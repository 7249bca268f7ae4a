import { duration, relativeTime } from '../ui/time';
import type { Run, RunState, Schedule } from './model';

export const STATES: Record<RunState, string> = {
  queued: 'Queued',
  preparing: 'Preparing',
  running: 'Running',
  succeeded: 'Succeeded',
  failed: 'Failed',
  cancelled: 'Cancelled',
  lost: 'Lost'
};

export function isActive(state: RunState): boolean {
  return state === 'queued' || state === 'preparing' || state === 'running';
}

/** "next in 3 d", "paused", "running". */
export function nextOf(schedule: Schedule, now: number): string {
  if (schedule.recent.some(bar => isActive(bar.state))) {
    return 'running';
  }
  if (schedule.enabled && schedule.paused) {
    return `paused: ${schedule.paused}`;
  }
  if (!schedule.enabled || !schedule.next) {
    return 'paused';
  }
  return `next ${relativeTime(schedule.next, now)}`;
}

/** How long a run took, or has taken until now; '' before it began. */
export function tookOf(run: Run, now: number): string {
  if (!run.started) {
    return '';
  }
  const end = run.ended ? Date.parse(run.ended) : now;
  return duration(end - Date.parse(run.started));
}

/** What deleting a schedule loses. */
export function lostWith(schedule: Schedule): string {
  const runs = schedule.recent.length;
  const kept =
    runs === 0 ? 'It has never run.' : `Its ${runs === 1 ? 'run stays' : 'runs stay'} in the history.`;
  return `“${schedule.name}” will not run again (${schedule.words}, ${schedule.time_zone}). ${kept}`;
}
