import { useEffect } from 'react';

import { Button, closeIcon, ErrorNote, RelativeTime, useAction, useModel } from '../../ui';
import type { Aside, Asides } from '../asides';
import { count } from '../words';

export interface AsidesViewProps {
  model: Asides;
  branch: string;
  /** The files that are ticked. */
  chosen: readonly string[];
}

/** Puts changes aside, and lists what is. Nothing is drawn where there is neither. */
export function AsidesView({ model, branch, chosen }: AsidesViewProps): JSX.Element | null {
  useModel(model);
  const load = useAction(() => model.load());
  const { run } = load;
  useEffect(() => void run(), [run]);
  const put = useAction(() => model.put([...chosen]));
  const undo = useAction(() => model.undo());
  const { listed, back, dropped } = model;
  if (!chosen.length && !listed.length && !back && !dropped && !load.error) {
    return null;
  }
  return (
    <section className="atrium-Asides" aria-label="Put aside">
      {chosen.length ? (
        <Button
          kind="quiet"
          busy={put.busy}
          title="The files go back to the last commit; what you changed is kept, and can be brought back"
          onClick={() => void put.run()}
        >
          Put {count(chosen.length, 'file')} aside
        </Button>
      ) : null}
      {back || dropped ? (
        <div className="atrium-Git-undo" role="status">
          <span className="atrium-List-label">
            {back ? `Brought back ${back.paths.join(', ')}` : 'Dropped what was put aside.'}
          </span>
          <Button kind="quiet" busy={undo.busy} onClick={() => void undo.run()}>
            Undo
          </Button>
        </div>
      ) : null}
      <ErrorNote error={load.error ?? put.error ?? undo.error} />
      {listed.length ? (
        <ul aria-label="Changes that are put aside">
          {listed.map(aside => (
            <Row key={aside.name} model={model} aside={aside} elsewhere={aside.branch !== branch} />
          ))}
        </ul>
      ) : null}
    </section>
  );
}

function Row({ model, aside, elsewhere }: { model: Asides; aside: Aside; elsewhere: boolean }): JSX.Element {
  const back = useAction(async (take: 'mine' | 'theirs' | 'both' | '') => {
    await model.bringBack(aside.name, take);
  });
  const drop = useAction(() => model.drop(aside.name));
  const conflict = back.error?.code === 'aside_conflicts';
  const files = aside.paths.join(', ');
  return (
    <li>
      <div className="atrium-Asides-row">
        <span className="atrium-List-label" title={`${files}, put aside by ${aside.by}`}>
          {aside.note || files} {elsewhere ? <span className="atrium-Muted">of {aside.branch}</span> : null}
        </span>
        <span className="atrium-Muted">
          <RelativeTime time={aside.time} />
        </span>
        <Button
          kind="quiet"
          busy={back.busy}
          aria-label={`Bring back ${files}`}
          onClick={() => void back.run('')}
        >
          Bring back
        </Button>
        <Button
          kind="quiet"
          icon={closeIcon}
          busy={drop.busy}
          aria-label={`Drop ${files}`}
          onClick={() => void drop.run()}
        />
      </div>
      <ErrorNote error={back.error ?? drop.error} />
      {conflict ? (
        <div className="atrium-Asides-row" role="group" aria-label="Where both changed the same">
          <span className="atrium-List-label">Where both changed the same:</span>
          <Button onClick={() => void back.run('both')}>Take both</Button>
          <Button onClick={() => void back.run('theirs')}>Take what was put aside</Button>
          <Button onClick={() => void back.run('mine')}>Leave what is there</Button>
        </div>
      ) : null}
    </li>
  );
}
