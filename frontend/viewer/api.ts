import { ApiError, errorOfResponse, unreachable } from '../src/api/errors';
import type { Wire } from '../src/api/wire';
import type { Choice } from '../src/ui/output';

export type View = Wire<'DashboardView'>;
export type Answer = Wire<'Answer'>;
export type Values = Record<string, Choice>;

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;

/** The page is `<base>/atrium/dashboards/<slug>#<link>`: where things are follows from that alone. */
export const slug = decodeURIComponent(location.pathname.split('/').filter(Boolean).pop() ?? '');
export const api = new URL(`../api/dashboards/${encodeURIComponent(slug)}`, location.href).href;
export const pages = new URL('./', location.href).pathname;

function headers(): Record<string, string> {
  const given: Record<string, string> = {};
  const link = location.hash.slice(1);
  if (link.startsWith('link.')) {
    // In a header rather than the address, so that no log and no other site ever sees it.
    given['X-Atrium-Link'] = link;
  }
  const xsrf = /(?:^|; )_xsrf=([^;]*)/.exec(document.cookie)?.[1];
  if (xsrf) {
    given['X-XSRFToken'] = xsrf;
  }
  return given;
}

async function request<T>(url: string, init: RequestInit = {}): Promise<T> {
  let response: Response;
  let text: string;
  try {
    response = await fetch(url, { ...init, headers: { ...headers(), ...init.headers }, cache: 'no-store' });
    text = await response.text();
  } catch {
    init.signal?.throwIfAborted();
    throw unreachable();
  }
  if (!response.ok) {
    throw errorOfResponse(response.status, text);
  }
  return JSON.parse(text) as T;
}

/** The page's content. */
export function getView(): Promise<View> {
  return request<View>(api);
}

/** What differs from the snapshot for these values. */
export function ask(values: Values, signal: AbortSignal): Promise<Answer> {
  return request<Answer>(`${api}/answers`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ values }),
    signal
  });
}

export type Told = 'snapshot' | 'arranged' | 'deleted' | 'gone' | 'again';

/**
 * Call `handler` for what the server tells of this dashboard, for as long as the page lives; `again` after a gap.
 * (The browser's own EventSource cannot send a header.)
 */
export async function listen(handler: (told: Told) => void): Promise<void> {
  let pause = FIRST_PAUSE_MS;
  for (let first = true; ; first = false) {
    try {
      const response = await fetch(`${api}/events`, { headers: headers(), cache: 'no-store' });
      if (response.status === 401 || response.status === 403 || response.status === 404) {
        handler('gone');
        return;
      }
      if (response.ok && response.body) {
        if (!first) {
          handler('again');
        }
        pause = FIRST_PAUSE_MS;
        for await (const name of events(response.body)) {
          handler(name as Told);
          if (name === 'gone') {
            return;
          }
        }
      }
    } catch {
      // Tried again below.
    }
    await new Promise(resolve => setTimeout(resolve, pause * (0.5 + Math.random() / 2)));
    pause = Math.min(LONGEST_PAUSE_MS, pause * 2);
  }
}

/** The names of server-sent events. */
export async function* events(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) {
      return;
    }
    const blocks = (rest + value).split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const name = /^event: (\w+)$/m.exec(block)?.[1];
      if (name) {
        yield name;
      }
    }
  }
}

export { ApiError };
