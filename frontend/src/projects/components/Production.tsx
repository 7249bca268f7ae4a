import { useState } from 'react';

import { inOne } from '../../api/errors';
import { Button, ErrorNote, FormField, List, pinIcon, RelativeTime, useAction, warningIcon } from '../../ui';
import type { Project } from '../model';
import { becauseOf, distanceOf, type ProductionModel, type Publication } from '../production';

/** What is in production, what holds it there, and what failed when the remote was looked at last. */
export function Current(props: { model: ProductionModel; project: Project; onPin: () => void }): JSX.Element {
  const { model, project } = props;
  const { production, problem, followed_branch: followed } = project;
  const look = useAction(() => model.look());
  const unpin = useAction(() => model.unpin());
  const newest = model.history?.find(one => one.sha === production?.sha);
  return (
    <section className="atrium-Production-current" aria-label="In production now">
      {production ? (
        <div className="atrium-Production-line">
          <Sha sha={production.sha} />
          <span className="atrium-List-label">{newest?.summary}</span>
          <RelativeTime key={production.published} time={production.published} />
          <Button busy={look.busy} onClick={() => void look.run()}>
            Look now
          </Button>
          {model.owned && !production.pin ? (
            <Button icon={pinIcon} onClick={props.onPin}>
              Pin
            </Button>
          ) : null}
        </div>
      ) : (
        <p className="atrium-Muted" role="status">
          Nothing of {followed} is published yet.
        </p>
      )}
      {production?.pin ? (
        <div className="atrium-Production-line atrium-Production-pin">
          <pinIcon.react tag="span" className="atrium-Icon" />
          <span className="atrium-Production-why">
            Pinned by {production.pin.by} <RelativeTime time={production.pin.since} />: {production.pin.why}
            <span className="atrium-Muted"> · {distanceOf(production, followed)}</span>
          </span>
          {model.owned ? (
            <Button kind="primary" busy={unpin.busy} onClick={() => void unpin.run()}>
              Follow {followed} again
            </Button>
          ) : null}
        </div>
      ) : null}
      <ErrorNote error={look.error ?? unpin.error} />
      {problem && !look.busy ? (
        <ErrorNote error={new Error(inOne(problem))} onRetry={() => void look.run()} retryLabel="Retry" />
      ) : null}
    </section>
  );
}

/** Every change of production, newest first; owners go back to one from here. */
export function History(props: { model: ProductionModel; onPin: (sha: string) => void }): JSX.Element {
  const { model, onPin } = props;
  return (
    <section aria-label="History of production">
      <h3>What was in production</h3>
      <List<Publication>
        label="Publications"
        items={model.history}
        itemKey={one => `${one.published} ${one.because} ${one.sha}`}
        searchText={one => `${one.sha} ${one.summary} ${becauseOf(one)} ${one.why}`}
        empty={{ message: 'Nothing has been published since this is kept.' }}
        error={model.error}
        onRetry={() => void model.load()}
        {...(model.owned ? { onActivate: (one: Publication) => onPin(one.sha) } : {})}
      >
        {one => (
          <>
            <Sha sha={one.sha} />
            <span className="atrium-List-label" title={[one.summary, one.why].filter(Boolean).join(' – ')}>
              {one.why || one.summary}
            </span>
            {one.forced ? <Forced publication={one} /> : null}
            <span className="atrium-Muted atrium-Production-because">{becauseOf(one)}</span>
            <RelativeTime time={one.published} />
            {model.owned ? (
              <Button
                kind="quiet"
                className="atrium-Production-action"
                aria-label={`Pin production to ${one.sha.slice(0, 7)}`}
                onClick={event => {
                  event.stopPropagation();
                  onPin(one.sha);
                }}
              >
                Pin
              </Button>
            ) : null}
          </>
        )}
      </List>
    </section>
  );
}

/** Asks why before production is held. */
export function PinForm(props: { model: ProductionModel; sha: string; onClose: () => void }): JSX.Element {
  const { model, sha, onClose } = props;
  const [why, setWhy] = useState('');
  const pin = useAction(async () => {
    await model.pin(sha, why);
    onClose();
  });
  const unsaid = pin.error?.field === 'why' ? pin.error.message : null;
  return (
    <form
      className="atrium-Form"
      aria-label="Pin production"
      onKeyDown={event => {
        if (event.key === 'Escape') {
          onClose();
        }
      }}
      onSubmit={event => {
        event.preventDefault();
        void pin.run();
      }}
    >
      <FormField
        label={`Why does production stay at ${sha.slice(0, 7)}?`}
        hint="Everybody sees it. Production stays there until somebody lets it follow again."
        error={unsaid}
      >
        {control => (
          <input {...control} autoFocus value={why} onChange={event => setWhy(event.target.value)} />
        )}
      </FormField>
      {unsaid ? null : <ErrorNote error={pin.error} />}
      <div className="atrium-Form-actions">
        <Button kind="quiet" onClick={onClose}>
          Cancel
        </Button>
        <Button kind="primary" icon={pinIcon} submit busy={pin.busy}>
          Pin to {sha.slice(0, 7)}
        </Button>
      </div>
    </form>
  );
}

function Sha({ sha }: { sha: string }): JSX.Element {
  return (
    <span className="atrium-Commit" title={sha}>
      {sha.slice(0, 7)}
    </span>
  );
}

function Forced({ publication }: { publication: Publication }): JSX.Element {
  const before = publication.before.slice(0, 7);
  return (
    <span
      className="atrium-Production-forced"
      title={`${publication.branch} was rewritten: ${before}, which was in production, is not in its history any more.`}
    >
      <warningIcon.react tag="span" className="atrium-Icon" /> forced
    </span>
  );
}
