import type { PartialJSONObject } from '@lumino/coreutils';

/** The MIME type of a placeholder for an output that is kept beside its document. */
export const BLOB_MIME = 'application/vnd.atrium.blob+json';

export const STDOUT_MIME = 'application/vnd.jupyter.stdout';
const STDERR_MIME = 'application/vnd.jupyter.stderr';

const TEXT_MIMES = ['text/plain'];
const BLOCK_LINES = 400;
const BLOCK_SIZE = 40_000;

/** What a placeholder says of the output. `size` is in bytes; `width` and `height` are a picture's, in pixels. */
export interface About {
  hash: string;
  size: number;
  mimes: string[];
  output_type: string;
  name?: string;
  width?: number;
  height?: number;
}

/** An output as nbformat has it. */
export interface WholeOutput {
  output_type: string;
  text?: string | string[];
  traceback?: string[];
  data?: PartialJSONObject;
  metadata?: PartialJSONObject;
}

export function readAbout(value: unknown): About | null {
  const about = value as Partial<About> | null | undefined;
  return typeof about?.hash === 'string' && typeof about.size === 'number' && Array.isArray(about.mimes)
    ? {
        ...about,
        hash: about.hash,
        size: about.size,
        mimes: about.mimes,
        output_type: about.output_type ?? ''
      }
    : null;
}

/** Whether the output is nothing but text, whose start and end the document shows. */
export function isText(about: About): boolean {
  return about.mimes.every(mime => TEXT_MIMES.includes(mime));
}

/** The type as which JupyterLab draws the text of such an output. */
export function textMime(about: About): string {
  return about.name === 'stderr' || about.output_type === 'error' ? STDERR_MIME : STDOUT_MIME;
}

export function textOf(output: WholeOutput): string {
  if (output.traceback?.length) {
    return output.traceback.join('\n');
  }
  return joined(output.text ?? output.data?.['text/plain']);
}

/** A text as nbformat may have it, in lines. */
export function joined(text: unknown): string {
  return Array.isArray(text) ? text.join('') : typeof text === 'string' ? text : '';
}

/** The two parts of a text that the document shows in part, and how much is left out between them. */
export function partsOf(preview: string): { first: string; left: string; last: string } {
  const gap = /\n\[… ([\d.]+ [kM]B) more …\]\n/.exec(preview);
  return gap
    ? {
        first: preview.slice(0, gap.index),
        left: gap[1] ?? '',
        last: preview.slice(gap.index + gap[0].length)
      }
    : { first: preview, left: '', last: '' };
}

/** Pieces of a text that are small enough to be drawn at once, each with its number of lines. */
export function blocksOf(text: string): { text: string; lines: number }[] {
  const blocks: { text: string; lines: number }[] = [];
  let start = 0;
  while (start < text.length) {
    let end = start;
    let lines = 0;
    while (end < text.length && lines < BLOCK_LINES && end - start < BLOCK_SIZE) {
      const newline = text.indexOf('\n', end);
      end = newline < 0 ? text.length : newline + 1;
      lines++;
    }
    // A line that does not end is cut, but not within a character.
    if (end - start > 2 * BLOCK_SIZE) {
      end = start + BLOCK_SIZE;
      end += /[\uDC00-\uDFFF]/.test(text.charAt(end)) ? 1 : 0;
      lines = 1;
    }
    blocks.push({ text: text.slice(start, end).replace(/\n$/, ''), lines });
    start = end;
  }
  return blocks;
}

export function sizeOf(bytes: number): string {
  return bytes >= 100_000 ? `${(bytes / 1e6).toFixed(1)} MB` : `${Math.max(1, Math.round(bytes / 1000))} kB`;
}
