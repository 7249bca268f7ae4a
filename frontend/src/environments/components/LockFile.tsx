import { Button, ErrorNote, useAction } from '../../ui';
import type { Wire } from '../../api/wire';

export interface LockFileNoteProps {
  /** The lock that declares the environment; null if another file does. */
  lock: Wire<'LockFile'> | null;
  /** What declares the environment. */
  source: string;
  mayWrite: boolean;
  onWrite: () => Promise<void>;
}

/** The lock that the project keeps and whether it fits what it locks, or the way to one. */
export function LockFileNote({ lock, source, mayWrite, onWrite }: LockFileNoteProps): JSX.Element | null {
  const write = useAction(onWrite);
  const from = lock ? lock.source : source;
  if (!from || from.endsWith('uv.lock')) {
    return null;
  }
  const file = lock?.file ?? from.replace(/[^/]*$/, 'pylock.toml');
  const button = lock ? (lock.stale.length ? `Write ${file} again` : '') : 'Write lock file';
  return (
    <div className="atrium-LockFile">
      {lock?.stale.length ? (
        <>
          <p>{file} is out of date, and still counts:</p>
          <ul>
            {lock.stale.map(one => (
              <li key={one}>{one}</li>
            ))}
          </ul>
        </>
      ) : (
        <p className="atrium-Muted">
          {lock
            ? `${file} locks ${from}, and fits it.`
            : `${file} with these versions, to be committed. It then goes before ${from}.`}
        </p>
      )}
      {mayWrite && button ? (
        <Button busy={write.busy} onClick={() => void write.run()}>
          {write.busy ? 'Resolving' : button}
        </Button>
      ) : null}
      <ErrorNote error={write.error} />
    </div>
  );
}
