import type { WireError } from './wire';

/** What a person can be told about a request that was refused or never arrived. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  /** HTTP status; 0 when the server did not answer, and for a failed operation. */
  readonly status: number;
  /** Stable and machine-readable, for example `no_such_project`. */
  readonly code: string;
  /** What to do next; may be empty. */
  readonly hint: string;
  /** The input that is wrong, where there is one. */
  readonly field: string | null;

  constructor(status: number, wire: WireError) {
    super(wire.message);
    this.status = status;
    this.code = wire.code;
    this.hint = wire.hint;
    this.field = wire.field ?? null;
  }
}

/** What happened and what to do, in one text. */
export function inOne({ message, hint }: Pick<ApiError, 'message'> & { hint?: string | null }): string {
  return [message, hint].filter(Boolean).join(' ');
}

/** What is wrong with one input of a form; null where the error is none or about something else. */
export function faultOf(error: ApiError | null, field: string): string | null {
  return error?.field === field ? inOne(error) : null;
}

/** Anything that was thrown, as something that can be shown. */
export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) {
    return error;
  }
  const message = error instanceof Error ? error.message : String(error);
  return new ApiError(0, { code: 'unexpected', message: message || 'Something went wrong.', hint: '' });
}

/** The error that a response carries: the wire's own form, Jupyter's, or a proxy's page. */
export function errorOfResponse(status: number, text: string): ApiError {
  const wire = parse(text);
  if (typeof wire?.code === 'string' && typeof wire.message === 'string') {
    return new ApiError(status, {
      code: wire.code,
      message: wire.message,
      hint: typeof wire.hint === 'string' ? wire.hint : '',
      field: typeof wire.field === 'string' ? wire.field : null
    });
  }
  const said = typeof wire?.message === 'string' ? wire.message : '';
  return new ApiError(status, { ...foreign(status, said), code: `http_${status}` });
}

/** The error of a request that got no answer at all. */
export function unreachable(): ApiError {
  return new ApiError(0, {
    code: 'unreachable',
    message: 'The workspace does not answer.',
    hint: 'Check the connection and that the server is running, then try again.'
  });
}

function parse(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

function foreign(status: number, said: string): { message: string; hint: string } {
  if (status === 401) {
    return { message: 'You are signed out.', hint: 'Sign in again; what you typed is kept.' };
  }
  if (status === 403) {
    return {
      message: said || 'You are not allowed to do this.',
      hint: 'Reload the page if you just signed in.'
    };
  }
  if (status === 404) {
    return {
      message: 'This server does not know that address.',
      hint: 'Check that the Atrium server extension is enabled: jupyter server extension list'
    };
  }
  if (status === 502 || status === 503 || status === 504) {
    return { message: 'The workspace is not available just now.', hint: 'Try again in a moment.' };
  }
  return { message: said || `The server answered ${status}.`, hint: "The server's log has the details." };
}
