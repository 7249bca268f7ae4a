import { lockIcon } from '../icons';

/** Says that a document cannot be changed here, and on hover why. */
export function ReadOnlyChip({ why }: { why: string }): JSX.Element {
  return (
    <span className="atrium-SaveStatus" title={why} role="note">
      <lockIcon.react tag="span" className="atrium-Icon" />
      <span className="atrium-SaveStatus-label">Read-only</span>
    </span>
  );
}
