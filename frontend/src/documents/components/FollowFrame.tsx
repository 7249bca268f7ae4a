import { useModel } from '../../ui';
import type { Follow } from '../follow';
import { colourOf } from '../markers';

/** Says whom one follows, around the notebook in their colour. */
export function FollowFrame({ follow }: { follow: Follow }): JSX.Element | null {
  const { person } = useModel(follow);
  if (!person) {
    return null;
  }
  return (
    <div
      className="atrium-FollowFrame"
      ref={frame => frame?.style.setProperty('--atrium-person-color', colourOf(person))}
    >
      <span className="atrium-FollowFrame-label" role="status">
        Following {person.name} · Esc to stop
      </span>
    </div>
  );
}
