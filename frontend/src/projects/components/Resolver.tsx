import { Button, ErrorNote, OperationLine, useAction } from '../../ui';
import type { GitModel } from '../git';
import { both, change, type MergeConflict, type Pulling, type Side } from '../pulling';
import { count } from '../words';
import { Lines } from './Lines';

const NAMES: Record<Side, string> = { mine: 'Yours', theirs: 'Theirs', both: 'Both', edited: 'Edit' };

/** What both sides changed: one by one, yours, theirs, both, or something else. */
export function Resolver({ model }: { model: GitModel }): JSX.Element {
  const { pulling } = model;
  const go = useAction(() => pulling.goOn());
  const from = pulling.source ? pulling.source : 'the remote';
  return (
    <section className="atrium-Resolver" aria-label="Changed on both sides">
      <div className="atrium-Git-reviewHead">
        <h3>
          {count(pulling.conflicts.length, 'place')} changed here and on {from}
        </h3>
        <Button onClick={() => pulling.cancel()}>Cancel</Button>
        <Button kind="primary" busy={go.busy} disabled={pulling.open > 0} onClick={() => void go.run()}>
          Pull with these choices
        </Button>
      </div>
      <p className="atrium-Git-note atrium-Muted" role="status">
        Nothing has been changed yet.{' '}
        {pulling.open ? `${count(pulling.open, 'place')} left to choose.` : 'Everything is chosen.'}
      </p>
      <OperationLine operation={model.operation} />
      <ErrorNote error={go.error} />
      {pulling.conflicts.map(conflict => (
        <Place key={conflict.of} conflict={conflict} pulling={pulling} from={from} />
      ))}
    </section>
  );
}

interface PlaceProps {
  conflict: MergeConflict;
  pulling: Pulling;
  from: string;
}

function Place({ conflict, pulling, from }: PlaceProps): JSX.Element {
  const choice = pulling.choice(conflict);
  const title = `${conflict.path}${WHERE[conflict.kind]}`;
  const sides: Side[] = conflict.kind === 'file' ? ['mine', 'theirs'] : ['mine', 'theirs', 'both', 'edited'];
  return (
    <fieldset className="atrium-Resolver-place">
      <legend>{title}</legend>
      <div className="atrium-Resolver-sides">
        <Version name="Yours" base={conflict.base} text={conflict.mine} />
        <Version name={`Theirs (${from})`} base={conflict.base} text={conflict.theirs} />
      </div>
      <div className="atrium-Resolver-choices">
        {sides.map(side => (
          <label key={side}>
            <input
              type="radio"
              name={conflict.of}
              checked={choice?.take === side}
              onChange={() => pulling.choose(conflict, side)}
            />
            {NAMES[side]}
          </label>
        ))}
      </div>
      {choice?.take === 'edited' ? (
        <textarea
          aria-label={`What ${title} says`}
          value={choice.text ?? ''}
          rows={Math.min(12, both(conflict).split('\n').length + 1)}
          onChange={event => pulling.choose(conflict, 'edited', event.target.value)}
        />
      ) : null}
    </fieldset>
  );
}

const WHERE: Record<MergeConflict['kind'], string> = { cell: ', a cell', text: ', some lines', file: '' };

function Version(props: { name: string; base?: string | null; text?: string | null }): JSX.Element {
  const { name, base, text } = props;
  return (
    <div className="atrium-Resolver-side">
      <div className="atrium-Muted">{name}</div>
      {text === null || text === undefined ? (
        <p className="atrium-Empty">Deleted.</p>
      ) : (
        <Lines text={change(base, text)} />
      )}
    </div>
  );
}
