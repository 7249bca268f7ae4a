import type { Client } from '../api/client';
import { ApiError } from '../api/errors';
import { type Credential, CredentialsModel, described, hostName, kindOf, wantsSignIn } from './credentials';

const token: Credential = {
  id: 'a',
  host: 'https://github.com',
  kind: 'token',
  user: 'ana',
  label: '',
  fingerprint: '3f2a',
  created: '2026-11-25T00:00:00.000+00:00',
  last_used: ''
};
const failed = (status: number, code: string) => new ApiError(status, { code, message: 'No.', hint: '' });

function modelThat(answer: (method: string, path: string) => unknown) {
  const asked: [string, string, unknown][] = [];
  const request = (method: string, path: string, body: unknown) => {
    asked.push([method, path, body]);
    return Promise.resolve().then(() => answer(method, path));
  };
  return { model: new CredentialsModel({ request } as unknown as Client), asked };
}

describe('CredentialsModel', () => {
  const service = { ...token, id: 'b', user: 'robot' };
  const projects = [
    { id: 'p', name: 'forecast' },
    { id: 'q', name: 'churn' },
    { id: 'r', name: 'bare' }
  ];
  const answer = (method: string, path: string) => {
    if (method !== 'GET') {
      return null;
    }
    if (path === 'credentials') {
      return { credentials: [token] };
    }
    if (path === 'projects/q/credential') {
      throw failed(403, 'not_allowed');
    }
    return { host: 'https://github.com', credential: path === 'projects/p/credential' ? service : null };
  };

  it('lists my own, and those of the projects that I own', async () => {
    const { model } = modelThat(answer);
    expect(model.kept).toBeNull();
    await model.load(projects);
    expect(model.kept?.map(one => [one.key, one.project?.name])).toEqual([
      ['a', undefined],
      ['b', 'forecast']
    ]);
    expect(model.followed.map(one => one.name)).toEqual(['forecast', 'bare']);
    expect(model.error).toBeNull();
  });

  it('says what failed', async () => {
    const { model } = modelThat(() => {
      throw failed(500, 'unexpected');
    });
    await model.load([]);
    expect(model.error?.code).toBe('unexpected');
    expect(model.kept).toBeNull();
  });

  it('keeps no secret here', async () => {
    const { model, asked } = modelThat(answer);
    const given = { kind: 'token' as const, user: 'ana', secret: 'ghp_x', label: '' };
    await model.keep({ project: null, host: 'github.com', ...given });
    await model.keep({ project: 'p', host: 'ignored', ...given });
    await model.signIn('git@github.com:team/a.git', '', 'KEY');
    expect(asked).toEqual([
      ['PUT', 'credentials', { host: 'github.com', ...given }],
      ['PUT', 'projects/p/credential', given],
      [
        'PUT',
        'credentials',
        { host: 'git@github.com:team/a.git', kind: 'ssh_key', user: '', secret: 'KEY', label: '' }
      ]
    ]);
    expect(JSON.stringify(Object.values(model).filter(value => Array.isArray(value)))).not.toContain('ghp_x');
  });

  it('forgets', async () => {
    const { model, asked } = modelThat(answer);
    await model.load(projects);
    for (const kept of model.kept ?? []) {
      await model.delete(kept);
    }
    expect(model.kept).toEqual([]);
    expect(asked.slice(-2).map(([method, path]) => `${method} ${path}`)).toEqual([
      'DELETE credentials/a',
      'DELETE projects/p/credential'
    ]);
  });
});

describe('words', () => {
  it.each([
    ['https://github.com/team/a.git', 'github.com', 'token'],
    ['http://localhost:3000/a.git', 'localhost:3000', 'token'],
    ['ssh://git@host:2222/a.git', 'host:2222', 'ssh_key'],
    ['git@github.com:team/a.git', 'github.com', 'ssh_key'],
    ['https://github.com', 'github.com', 'token']
  ])('%s is on %s', (url, host, kind) => {
    expect(hostName(url)).toBe(host);
    expect(kindOf(url)).toBe(kind);
  });

  it('tell two tokens apart', () => {
    expect(described(token)).toBe('token of ana, print 3f2a');
    expect(described({ ...token, kind: 'ssh_key', fingerprint: 'SHA256:x' })).toBe('SSH key SHA256:x');
  });

  it('offer to sign in only where that could help', () => {
    expect(wantsSignIn(failed(0, 'authentication_needed'))).toBe(true);
    expect(wantsSignIn(failed(0, 'authentication_refused'))).toBe(true);
    expect(wantsSignIn(failed(0, 'unreachable'))).toBe(false);
    expect(wantsSignIn(null)).toBe(false);
  });
});
