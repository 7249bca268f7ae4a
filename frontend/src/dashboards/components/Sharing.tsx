import { useState } from 'react';

import {
  Button,
  checkIcon,
  ErrorNote,
  exactTime,
  linkIcon,
  RelativeTime,
  useAction,
  useModel
} from '../../ui';
import type { EditorModel, Link, View } from '../model';

const DAYS = 30;

/** “Date”; “Date” and “Store”; “Date”, “Store” and “Region”. */
export function listed(words: readonly string[]): string {
  return words.length < 2
    ? words.join('')
    : `${words.slice(0, -1).join(', ')} and ${words[words.length - 1]}`;
}

/** Exactly what somebody with the link can see and do. */
export function promise(view: View, days: number): string {
  const labels = view.widgets.filter(widget => widget.live).map(widget => `“${widget.label}”`);
  const choose = labels.length ? ` and may choose ${listed(labels)}` : '';
  return `Anyone with this link sees the results${choose}. No code, no tables. Expires in ${days} days.`;
}

/** Make, list and take back links that need no account. */
export function Sharing(props: { model: EditorModel }): JSX.Element | null {
  const model = useModel(props.model);
  const [address, setAddress] = useState<string | null>(null);
  const [copied, setCopied] = useState(false);
  const copy = useAction(async () => {
    const made = address ?? (await model.share(DAYS));
    setAddress(made);
    setCopied(await write(made));
  });
  const { view, links } = model;
  if (!view) {
    return null;
  }
  const active = links?.filter(link => link.state === 'active') ?? [];
  return (
    <div className="atrium-Sharing">
      <p>{promise(view, DAYS)}</p>
      <Button
        kind="primary"
        icon={copied ? checkIcon : linkIcon}
        busy={copy.busy}
        onClick={() => void copy.run()}
      >
        {copied ? 'Copied' : 'Copy link'}
      </Button>
      {address ? (
        <input
          className="atrium-Input"
          aria-label="The link"
          readOnly
          value={address}
          onFocus={event => event.target.select()}
        />
      ) : null}
      <ErrorNote error={copy.error} />
      {active.length ? (
        <>
          <h3>Links that work now</h3>
          <ul>
            {active.map(link => (
              <LinkRow key={link.id} link={link} model={model} onRevoked={() => setAddress(null)} />
            ))}
          </ul>
        </>
      ) : null}
      <p className="atrium-Muted">
        People of this workspace sign in and need no link: <a href={model.address}>{model.slug}</a>
      </p>
    </div>
  );
}

function LinkRow(props: { link: Link; model: EditorModel; onRevoked: () => void }): JSX.Element {
  const { link } = props;
  const revoke = useAction(async () => {
    await props.model.revoke(link.id);
    props.onRevoked();
  });
  return (
    <li>
      <span>
        Made <RelativeTime time={link.created} />, expires{' '}
        <span title={exactTime(link.expires)}>
          <RelativeTime time={link.expires} />
        </span>
      </span>
      <Button kind="danger" busy={revoke.busy} onClick={() => void revoke.run()}>
        Revoke
      </Button>
      <ErrorNote error={revoke.error} />
    </li>
  );
}

/** Put text on the clipboard; false where the browser does not let us (then it is selected by hand). */
async function write(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
