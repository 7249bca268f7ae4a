import type { GraphCommit } from '../commit-pages';

type Ref = NonNullable<GraphCommit['refs']>[number];

/** The names of a commit: a branch that is at the same commit on the remote is named once. */
export function Refs({ refs }: { refs: readonly Ref[] }): JSX.Element | null {
  const here = new Set(refs.filter(ref => ref.kind === 'branch').map(ref => ref.name));
  const shown = refs.filter(ref => ref.kind !== 'remote' || !here.has(ref.name));
  if (!shown.length) {
    return null;
  }
  const pushed = (ref: Ref) => refs.some(other => other.kind === 'remote' && other.name === ref.name);
  return (
    <span className="atrium-Refs">
      {shown.map(ref => (
        <span
          key={`${ref.kind} ${ref.name}`}
          className={`atrium-Ref atrium-mod-${ref.kind}`}
          title={
            ref.kind === 'tag'
              ? `Tag ${ref.name}`
              : ref.kind === 'remote'
                ? `${ref.name} of the remote`
                : `Branch ${ref.name}${pushed(ref) ? ', here and on the remote' : ', here'}`
          }
        >
          {ref.kind === 'remote' ? `origin/${ref.name}` : ref.name}
        </span>
      ))}
    </span>
  );
}
