import { FormField } from '../../ui';
import type { CredentialKind } from '../credentials';

export interface SecretFieldProps {
  kind: CredentialKind;
  value: string;
  error: string | null;
  disabled: boolean;
  onChange: (value: string) => void;
}

/** A token, hidden while it is typed, or an SSH key, which is pasted as a whole. */
export function SecretField({ kind, value, error, disabled, onChange }: SecretFieldProps): JSX.Element {
  return kind === 'token' ? (
    <FormField label="Token" hint="Made in your settings on that host" error={error}>
      {field => (
        <input
          {...field}
          type="password"
          autoComplete="new-password"
          value={value}
          disabled={disabled}
          onChange={event => onChange(event.target.value)}
        />
      )}
    </FormField>
  ) : (
    <FormField label="SSH private key" hint="Without a passphrase: nobody is there to type it" error={error}>
      {field => (
        <textarea
          {...field}
          rows={4}
          autoComplete="off"
          spellCheck={false}
          placeholder="-----BEGIN OPENSSH PRIVATE KEY-----"
          value={value}
          disabled={disabled}
          onChange={event => onChange(event.target.value)}
        />
      )}
    </FormField>
  );
}
