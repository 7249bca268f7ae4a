import { ServerConnection } from '@jupyterlab/services';

import { Client } from './client';
import { ApiError, asApiError, errorOfResponse } from './errors';

/** A client whose requests are answered by `answer`; what it was asked is kept. */
function clientThat(answer: () => Promise<Response>) {
  const asked: Request[] = [];
  const settings = ServerConnection.makeSettings({
    baseUrl: 'http://localhost/user/ana/',
    token: 'secret',
    fetch: request => {
      asked.push(request as Request);
      return answer();
    }
  });
  return { client: new Client(settings), asked };
}

const replying = (status: number, body: string) =>
  clientThat(() => Promise.resolve(new Response(body || null, { status })));

describe('Client', () => {
  it('asks below the base URL, with the token and a JSON body, and decodes the answer', async () => {
    const { client, asked } = replying(200, '{"name": "forecast"}');
    const reply = await client.request<{ name: string }>('POST', 'projects', {
      url: 'https://example.org/x.git'
    });
    expect(reply.name).toBe('forecast');
    expect(asked).toHaveLength(1);
    expect(asked[0]?.url).toBe('http://localhost/user/ana/atrium/api/projects');
    expect(asked[0]?.method).toBe('POST');
    expect(asked[0]?.headers.get('Authorization')).toBe('token secret');
    expect(await asked[0]?.json()).toEqual({ url: 'https://example.org/x.git' });
  });

  it('appends a query and leaves out what is not given', () => {
    const { client } = replying(200, '');
    const url = client.url('tables', { search: 'a&b', limit: 5, branch: undefined, project: null });
    expect(url).toBe('http://localhost/user/ana/atrium/api/tables?search=a%26b&limit=5');
  });

  it('gives null for an empty answer', async () => {
    expect(await replying(204, '').client.request('DELETE', 'projects/p1')).toBeNull();
  });

  it("throws the wire's error with its status and field", async () => {
    const wire = {
      code: 'bad_cron',
      message: "'every day' is no schedule.",
      hint: 'Use five fields.',
      field: 'cron'
    };
    const error = await replying(422, JSON.stringify(wire))
      .client.request('POST', 'schedules', {})
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ status: 422, ...wire });
  });

  it('says that the workspace does not answer when the network fails', async () => {
    const warn = jest.spyOn(console, 'warn').mockImplementation(() => undefined);
    const { client } = clientThat(() => Promise.reject(new TypeError('Failed to fetch')));
    await expect(client.request('GET', 'projects')).rejects.toMatchObject({ status: 0, code: 'unreachable' });
    expect(warn).toHaveBeenCalled();
    warn.mockRestore();
  });

  it('does not take a sign-in page for an answer', async () => {
    const { client } = replying(200, '<html>Sign in</html>');
    await expect(client.request('GET', 'projects')).rejects.toMatchObject({ status: 200, code: 'not_json' });
  });

  it('rejects with the reason of an aborted request', async () => {
    const { client } = clientThat(() => Promise.reject(new DOMException('aborted', 'AbortError')));
    const controller = new AbortController();
    controller.abort(new Error('closed'));
    await expect(client.request('GET', 'projects', undefined, { signal: controller.signal })).rejects.toThrow(
      'closed'
    );
  });
});

describe('errorOfResponse', () => {
  it("keeps Jupyter's own message", () => {
    const error = errorOfResponse(403, '{"message": "\'_xsrf\' argument missing from POST", "reason": null}');
    expect(error).toMatchObject({
      status: 403,
      code: 'http_403',
      message: "'_xsrf' argument missing from POST"
    });
  });

  it.each([401, 404, 502, 503, 504, 500])('has words of its own for a bare %i', status => {
    const error = errorOfResponse(status, '<html>nginx</html>');
    expect(error).toMatchObject({ status, code: `http_${status}`, field: null });
    expect(error.message).not.toContain('<');
    expect(error.hint).not.toBe('');
  });

  it('does not trust the types of a body', () => {
    expect(errorOfResponse(409, '{"code": 7, "message": null}')).toMatchObject({
      code: 'http_409',
      message: 'The server answered 409.'
    });
  });
});

describe('asApiError', () => {
  it('keeps an ApiError and wraps anything else', () => {
    const error = errorOfResponse(404, '');
    expect(asApiError(error)).toBe(error);
    expect(asApiError(new TypeError('x is undefined')).message).toBe('x is undefined');
    expect(asApiError('plain').message).toBe('plain');
  });
});
