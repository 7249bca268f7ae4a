import { Button, ErrorNote, RelativeTime, useAction } from '../../ui';
import type { EnvironmentModel } from '../model';
import type { ReportModel, TrustedLine } from '../report';
import { CONSENTS, consequence, trustedFor } from '../words';

/** What has to be agreed to before the environment can be built, and by whom. */
export function ConsentNote({ model }: { model: EnvironmentModel }): JSX.Element | null {
  const asked = model.status?.consent;
  const agree = useAction(async () => asked && model.consent(asked));
  if (!asked) {
    return null;
  }
  return (
    <section className="atrium-Consent" aria-label="What it takes">
      <p>{consequence(asked)}</p>
      <dl>
        {asked.line ? (
          <>
            <dt>Line</dt>
            <dd>
              <code>{asked.line}</code>
            </dd>
          </>
        ) : null}
        <dt>{CONSENTS[asked.kind]}</dt>
        <dd>
          <code>{asked.what}</code>
        </dd>
        <dt>Host</dt>
        <dd>
          <code>{asked.host}</code>
        </dd>
      </dl>
      {model.status?.may_consent ? (
        <Button kind="primary" busy={agree.busy} onClick={() => void agree.run()}>
          Trust and build
        </Button>
      ) : (
        <p className="atrium-Muted">An owner of the project can agree to that here.</p>
      )}
      <ErrorNote error={agree.error} />
    </section>
  );
}

/** What was agreed to in the project, by whom and when; nothing where nothing was. */
export function Trusted({ model }: { model: ReportModel }): JSX.Element | null {
  const revoke = useAction((line: TrustedLine) => model.revoke(line.id));
  const { trusted } = model;
  if (!trusted?.lines.length) {
    return null;
  }
  return (
    <section aria-label="Trusted in this project">
      <h3>Trusted in this project</h3>
      <ul className="atrium-Report-trusted">
        {trusted.lines.map(one => (
          <li key={one.id}>
            <code>{one.line || one.what}</code>
            <span className="atrium-Muted">{trustedFor(one)}</span>
            <span className="atrium-Muted">
              {one.by}, <RelativeTime time={one.at} />
            </span>
            {trusted.may_revoke ? (
              <Button
                aria-label={`Revoke ${one.line || one.what}`}
                busy={revoke.busy}
                onClick={() => void revoke.run(one)}
              >
                Revoke
              </Button>
            ) : null}
          </li>
        ))}
      </ul>
      <ErrorNote error={revoke.error} />
    </section>
  );
}
