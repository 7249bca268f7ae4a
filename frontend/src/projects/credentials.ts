import { type ISignal, Signal } from '@lumino/signaling';

import type { Client } from '../api/client';
import { ApiError, asApiError } from '../api/errors';
import type { Wire } from '../api/wire';

export type Credential = Wire<'Credential'>;
export type CredentialKind = Credential['kind'];

/** A project, as far as following it matters here. */
export interface Followed {
  id: string;
  name: string;
}

/** Something to keep. `project` is the one that is followed with it; null: it is one's own, for `host`. */
export interface Wish {
  project: string | null;
  host: string;
  kind: CredentialKind;
  user: string;
  secret: string;
  label: string;
}

/** A line of the list. `project` as in a wish. */
export interface Kept {
  key: string;
  project: Followed | null;
  credential: Credential;
}

/** What git signs in with on other hosts: one's own, and of projects that one owns. Secrets only ever go to the server. */
export class CredentialsModel {
  private readonly _client: Client;
  private readonly _changed = new Signal<this, void>(this);
  private _kept: Kept[] | null = null;
  private _followed: Followed[] = [];
  private _error: ApiError | null = null;

  constructor(client: Client) {
    this._client = client;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** One's own by host, then the projects'; null until the first answer. */
  get kept(): readonly Kept[] | null {
    return this._kept;
  }

  /** The projects whose credential one may set. */
  get followed(): readonly Followed[] {
    return this._followed;
  }

  get error(): ApiError | null {
    return this._error;
  }

  async load(projects: readonly Followed[]): Promise<void> {
    try {
      const own = await this._client.request<Wire<'CredentialList'>>('GET', 'credentials');
      const services = await Promise.all(projects.map(project => this._service(project)));
      const allowed = services.flatMap(service => (service ? [service] : []));
      this._followed = allowed.map(({ project }) => project);
      this._kept = [
        ...own.credentials.map(credential => ({ key: credential.id, project: null, credential })),
        ...allowed.flatMap(({ project, credential }) =>
          credential ? [{ key: credential.id, project, credential }] : []
        )
      ];
      this._error = null;
    } catch (error) {
      this._error = asApiError(error);
    }
    this._changed.emit();
  }

  /** Keep it in the place of the one that was for the same. */
  async keep({ project, host, ...given }: Wish): Promise<void> {
    if (project === null) {
      await this._client.request('PUT', 'credentials', { host, ...given });
    } else {
      await this._client.request('PUT', `projects/${encodeURIComponent(project)}/credential`, given);
    }
  }

  /** Keep one's own for the host of `url`. */
  async signIn(url: string, user: string, secret: string): Promise<void> {
    await this.keep({ project: null, host: url, kind: kindOf(url), user, secret, label: '' });
  }

  async delete(kept: Kept): Promise<void> {
    const path = kept.project
      ? `projects/${encodeURIComponent(kept.project.id)}/credential`
      : `credentials/${encodeURIComponent(kept.credential.id)}`;
    await this._client.request('DELETE', path);
    this._kept = this._kept?.filter(one => one.key !== kept.key) ?? null;
    this._changed.emit();
  }

  /** Null where one is no owner. */
  private async _service(
    project: Followed
  ): Promise<{ project: Followed; credential: Credential | null } | null> {
    try {
      const { credential } = await this._client.request<Wire<'ServiceCredential'>>(
        'GET',
        `projects/${encodeURIComponent(project.id)}/credential`
      );
      return { project, credential: credential ?? null };
    } catch (error) {
      if (error instanceof ApiError && (error.status === 403 || error.status === 404)) {
        return null;
      }
      throw error;
    }
  }
}

/** Whether signing in could help: the remote did not let git in. */
export function wantsSignIn(error: ApiError | null | undefined): boolean {
  return error?.code === 'authentication_needed' || error?.code === 'authentication_refused';
}

/** What signs in at a repository's address. */
export function kindOf(url: string): CredentialKind {
  return /^https?:/i.test(url.trim()) ? 'token' : 'ssh_key';
}

/** The host of a repository's address, or of a credential, as people say it. */
export function hostName(address: string): string {
  const text = address.trim();
  const [, rest = text] = text.split('://');
  const host = rest.split('/')[0]?.replace(/^.*@/, '') ?? '';
  return text.includes('://') ? host : (host.split(':')[0] ?? '');
}

/** "token of ana, print 3f2a", "SSH key SHA256:…". */
export function described({ kind, user, fingerprint }: Credential): string {
  return kind === 'token' ? `token of ${user}, print ${fingerprint}` : `SSH key ${fingerprint}`;
}
