import { Button, warningIcon } from '../../ui';
import type { Keep } from '../conflicts';

export interface ConflictBannerProps {
  side: 'mine' | 'theirs';
  readOnly: boolean;
  onKeep: (keep: Keep) => void;
}

/** One of two cells that were changed differently here and on the disk: which one stays? */
export function ConflictBanner({ side, readOnly, onKeep }: ConflictBannerProps): JSX.Element {
  const mine = side === 'mine';
  return (
    <div className="atrium-Banner atrium-mod-warning" role="group" aria-label="Conflict">
      <warningIcon.react tag="span" className="atrium-Icon" />
      <span className="atrium-Banner-text">
        {mine
          ? 'This cell was also changed on disk. This is the version of the workspace; the one on disk is below.'
          : 'This cell was also changed on disk. This is the version on disk.'}
      </span>
      {readOnly ? null : (
        <span className="atrium-Banner-actions">
          <Button onClick={() => onKeep(side)}>Keep this one</Button>
          <Button onClick={() => onKeep(mine ? 'theirs' : 'mine')}>Keep the other</Button>
          <Button onClick={() => onKeep('both')}>Keep both</Button>
        </span>
      )}
    </div>
  );
}
