import { Button, CopyField, ErrorNote, RelativeTime, useAction } from '../../ui';
import { HOSTS, OUTCOMES, type ProductionModel } from '../production';

/** How to have the git host tell of each push, so that production follows within seconds. */
export function WebhookSection({ model }: { model: ProductionModel }): JSX.Element | null {
  const make = useAction(() => model.makeSecret());
  const remove = useAction(() => model.deleteSecret());
  const { webhook, secret } = model;
  if (!webhook) {
    return null;
  }
  return (
    <section className="atrium-Production-webhook" aria-label="Webhook">
      <h3>Webhook</h3>
      <p>
        The remote is looked at every minute. With a webhook the git host says at once that there is something
        new. It only ever causes a look: nothing that it sends is believed.
      </p>
      <CopyField label="Payload URL" value={model.address} />
      {secret ? (
        <CopyField
          label="Secret"
          value={secret}
          hint="It is shown this once: give it to the git host now. A new one can be made at any time."
        />
      ) : null}
      <div className="atrium-Production-line">
        <Button busy={make.busy} onClick={() => void make.run()}>
          {webhook.made ? 'Replace the secret' : 'Make a secret'}
        </Button>
        {webhook.made ? (
          <>
            <Button kind="danger" busy={remove.busy} onClick={() => void remove.run()}>
              Delete the secret
            </Button>
            <span className="atrium-Muted">
              Made by {webhook.by} <RelativeTime time={webhook.made} />
            </span>
          </>
        ) : (
          <span className="atrium-Muted">Without one, deliveries are refused.</span>
        )}
      </div>
      <ErrorNote error={make.error ?? remove.error} />
      {webhook.made ? (
        <p className="atrium-Muted" role="status">
          Last delivery: {OUTCOMES[webhook.last]}{' '}
          {webhook.last_time ? <RelativeTime time={webhook.last_time} /> : null}
        </p>
      ) : null}
      <table className="atrium-Production-hosts">
        <caption>Any of these is understood</caption>
        <thead>
          <tr>
            <th scope="col">Host</th>
            <th scope="col">Where the URL and the secret go</th>
            <th scope="col">Header with which it signs</th>
          </tr>
        </thead>
        <tbody>
          {HOSTS.map(host => (
            <tr key={host.name}>
              <th scope="row">{host.name}</th>
              <td>{host.where}</td>
              <td>
                <code>{host.header}</code>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
