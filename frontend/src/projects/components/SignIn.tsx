import { useState } from 'react';

import type { ApiError } from '../../api/errors';
import { Button, ErrorNote, FormField, useAction } from '../../ui';
import { type CredentialsModel, hostName, kindOf, wantsSignIn } from '../credentials';
import { SecretField } from './SecretField';

export interface SignInProps {
  credentials: CredentialsModel;
  /** Why git was not let in; for any other reason nothing is drawn. */
  error: ApiError | null | undefined;
  /** The repository's address. */
  url: string;
  /** What is tried again, as the button says it: "clone". */
  verb: string;
  onSignedIn: () => void;
}

/** Asks who one is on a host, below the error that says that git was not let in, and then tries again. */
export function SignIn({ credentials, error, url, verb, onSignedIn }: SignInProps): JSX.Element | null {
  const [user, setUser] = useState('');
  const [secret, setSecret] = useState('');
  const keep = useAction(async () => {
    await credentials.signIn(url, user, secret);
    setSecret('');
    onSignedIn();
  });
  if (!wantsSignIn(error)) {
    return null;
  }
  const host = hostName(url);
  const kind = kindOf(url);
  const said = (field: string) => (keep.error?.field === field ? keep.error.message : null);
  return (
    <form
      className="atrium-Form atrium-SignIn"
      aria-label={`Sign in to ${host}`}
      onSubmit={event => {
        event.preventDefault();
        event.stopPropagation();
        void keep.run();
      }}
    >
      <h3>Sign in to {host}</h3>
      {kind === 'token' ? (
        <FormField label="User name" error={said('user')}>
          {field => (
            <input
              {...field}
              autoFocus
              autoComplete="off"
              spellCheck={false}
              value={user}
              disabled={keep.busy}
              onChange={event => setUser(event.target.value)}
            />
          )}
        </FormField>
      ) : null}
      <SecretField
        kind={kind}
        value={secret}
        error={said('secret')}
        disabled={keep.busy}
        onChange={setSecret}
      />
      {keep.error && !keep.error.field ? <ErrorNote error={keep.error} /> : null}
      <div className="atrium-Form-actions">
        <Button kind="primary" submit busy={keep.busy} disabled={!secret.trim()}>
          Sign in and {verb}
        </Button>
      </div>
    </form>
  );
}
