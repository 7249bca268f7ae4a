import { useEffect, useState } from 'react';

import { Button, ErrorNote, linkIcon, useAction, useModel } from '../../ui';
import {
  checksLine,
  linkTitle,
  noun,
  type PullRequest,
  type PullRequestModel,
  reviewsLine
} from '../requests';

/** The pull request of a branch: the link that opens one, or how it stands, and the button that merges it. */
export function PullRequestLine({ model }: { model: PullRequestModel }): JSX.Element | null {
  useModel(model);
  useEffect(() => model.refresh(), [model]);
  const [listed, setListed] = useState(false);
  const merge = useAction((request: PullRequest) => model.merge(request));
  const { hosted } = model;
  if (!hosted?.kind) {
    return null;
  }
  const { request } = hosted;
  const word = noun(hosted);
  const page = (
    <a
      className="atrium-PullRequest-link"
      href={hosted.new_url}
      target="_blank"
      rel="noopener noreferrer"
      title={linkTitle(hosted)}
    >
      <linkIcon.react tag="span" className="atrium-Icon" />
      Open {word}
      {hosted.guessed ? ' (a guess)' : ''}
    </a>
  );
  if (!request || request.state !== 'open') {
    return (
      <div className="atrium-PullRequest" role="group" aria-label={`The ${word}`}>
        {request ? (
          <span className="atrium-Muted">
            <RequestLink request={request} /> is {request.state}.
          </span>
        ) : null}
        {page}
        {hosted.signed_in || hosted.problem ? null : (
          <span className="atrium-Muted">
            With a token for {hosted.host} in Projects → Credentials, its checks and reviews are shown here.
          </span>
        )}
        <ErrorNote
          error={hosted.problem ? new Error(`${hosted.problem.message} ${hosted.problem.hint}`) : null}
          onRetry={() => model.refresh()}
        />
      </div>
    );
  }
  const checks = request.checks ?? [];
  return (
    <div className="atrium-PullRequest" role="group" aria-label={`The ${word}`}>
      <RequestLink request={request} />
      <span className="atrium-List-label" title={request.title}>
        {request.title}
      </span>
      {request.draft ? <span className="atrium-Ref">draft</span> : null}
      {checks.length ? (
        <Button kind="quiet" aria-expanded={listed} onClick={() => setListed(!listed)}>
          {checksLine(request) || 'All checks skipped'}
        </Button>
      ) : (
        <span className="atrium-Muted">no checks</span>
      )}
      <span className="atrium-Muted">{reviewsLine(request) || 'not reviewed yet'}</span>
      <Button
        busy={merge.busy}
        disabled={request.draft || request.mergeable === 'no'}
        title={
          request.draft
            ? 'It is a draft'
            : request.mergeable === 'no'
              ? `${hosted.host} would not merge it now; its page says why`
              : `Merge it on ${hosted.host}, as you`
        }
        onClick={() => void merge.run(request)}
      >
        Merge {request.number ? `#${request.number}` : word}
      </Button>
      <ErrorNote error={merge.error} />
      {listed ? (
        <ul className="atrium-PullRequest-checks" aria-label="Checks">
          {checks.map((check, index) => (
            <li key={`${check.name} ${index}`}>
              <span className={`atrium-PullRequest-state atrium-mod-${check.state}`}>{check.state}</span>
              {/^https?:/.test(check.url ?? '') ? (
                <a href={check.url} target="_blank" rel="noopener noreferrer">
                  {check.name}
                </a>
              ) : (
                check.name
              )}
            </li>
          ))}
        </ul>
      ) : null}
    </div>
  );
}

function RequestLink({ request }: { request: PullRequest }): JSX.Element {
  const label = `#${request.number}`;
  return /^https?:/.test(request.url) ? (
    <a href={request.url} target="_blank" rel="noopener noreferrer" title={request.title}>
      {label}
    </a>
  ) : (
    <span>{label}</span>
  );
}
