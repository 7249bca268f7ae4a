import type { components } from './schema';

/** A type of the wire by its name in `workspace_ext/contract`, for example `Wire<'Project'>`. */
export type Wire<Name extends keyof components['schemas']> = components['schemas'][Name];

/** What every refused request answers, and why an operation failed. */
export interface WireError {
  code: string;
  message: string;
  hint: string;
  field?: string | null;
}
