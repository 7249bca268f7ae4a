import { useState } from 'react';

import { faultOf } from '../../api/errors';
import { Button, ErrorNote, FormField, useAction } from '../../ui';
import type { CredentialKind, Followed, Wish } from '../credentials';
import { SecretField } from './SecretField';

export interface CredentialFormProps {
  /** The projects that one may choose. */
  followed: readonly Followed[];
  keep: (wish: Wish) => Promise<void>;
  onClose: () => void;
}

const EMPTY: Wish = { project: null, host: '', kind: 'token', user: '', secret: '', label: '' };

/** A new credential, or one that replaces the one for the same host. */
export function CredentialForm({ followed, keep, onClose }: CredentialFormProps): JSX.Element {
  const [wish, setWish] = useState(EMPTY);
  const save = useAction(async () => {
    await keep(wish);
    setWish(EMPTY);
    onClose();
  });
  const change = (changes: Partial<Wish>) => setWish({ ...wish, ...changes });
  const said = (field: string) => faultOf(save.error, field);
  const shown = ['host', 'kind', 'user', 'secret', 'label'];
  const text = (name: 'host' | 'user' | 'label', label: string, hint?: string) => (
    <FormField label={label} hint={hint} error={said(name)}>
      {field => (
        <input
          {...field}
          autoComplete="off"
          spellCheck={false}
          value={wish[name]}
          disabled={save.busy}
          onChange={event => change({ [name]: event.target.value })}
        />
      )}
    </FormField>
  );
  return (
    <form
      className="atrium-Form"
      aria-label="Add credential"
      onSubmit={event => {
        event.preventDefault();
        void save.run();
      }}
    >
      {followed.length ? (
        <FormField
          label="For"
          hint={wish.project ? 'Used to look at the remote and publish, by nobody else' : null}
        >
          {field => (
            <select
              {...field}
              value={wish.project ?? ''}
              disabled={save.busy}
              onChange={event => change({ project: event.target.value || null })}
            >
              <option value="">What I clone, pull and push</option>
              {followed.map(({ id, name }) => (
                <option key={id} value={id}>
                  Following {name}
                </option>
              ))}
            </select>
          )}
        </FormField>
      ) : null}
      {wish.project ? null : text('host', 'Host', 'github.com, or a repository’s address')}
      <FormField label="Kind" error={said('kind')}>
        {field => (
          <select
            {...field}
            value={wish.kind}
            disabled={save.busy}
            onChange={event => change({ kind: event.target.value as CredentialKind, secret: '' })}
          >
            <option value="token">Token, for https://</option>
            <option value="ssh_key">SSH key, for ssh://</option>
          </select>
        )}
      </FormField>
      {wish.kind === 'token' ? text('user', 'User name', 'On that host') : null}
      <SecretField
        kind={wish.kind}
        value={wish.secret}
        error={said('secret')}
        disabled={save.busy}
        onChange={secret => change({ secret })}
      />
      {text('label', 'Label', 'Optional, to recognise it by')}
      {save.error && !shown.includes(save.error.field ?? '') ? <ErrorNote error={save.error} /> : null}
      <div className="atrium-Form-actions">
        <Button kind="quiet" onClick={onClose}>
          Close
        </Button>
        <Button kind="primary" submit busy={save.busy} disabled={!wish.secret.trim()}>
          Add credential
        </Button>
      </div>
    </form>
  );
}
