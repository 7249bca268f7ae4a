import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';

/** The type of the messages that are neither Yjs's own nor awareness: the server's are JSON. */
export const RAW = 2;

/**
 * "save" writes the file now; "mark" is answered once all that was sent before it is journaled; "rescue" (a cell's id,
 * and its text before and after) once what was typed in a cell that somebody has moved is where the cell is now.
 */
export type Asked = 'save' | 'mark' | 'rescue';

/** What a room tells everybody in it. */
export interface Notice {
  type: 'notice';
  id: string | number;
  kind: string;
  message: string;
  hint?: string;
  /** ISO 8601. */
  at?: string;
  data?: Record<string, unknown>;
}

/** An answer to something that was asked. */
export interface Answer {
  type: 'save' | 'marked' | 'rescued';
  responseTo: number;
  /** Whether the cell is still there. */
  found?: boolean;
  status?: 'success' | 'failed' | 'skipped';
  message?: string;
}

const ANSWERS = new Set<string>(['save', 'marked', 'rescued']);

export function encodeAsked(asked: Asked, id: number, ...texts: string[]): Uint8Array {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, RAW);
  encoding.writeVarString(encoder, asked);
  encoding.writeVarUint(encoder, id);
  texts.forEach(text => encoding.writeVarString(encoder, text));
  return encoding.toUint8Array(encoder);
}

/** The JSON that follows a frame's type; null when it is none that is known here. */
export function readTold(decoder: decoding.Decoder): Notice | Answer | null {
  try {
    const told = JSON.parse(decoding.readVarString(decoder)) as Partial<Notice | Answer> | null;
    if (told?.type === 'notice' && typeof told.message === 'string') {
      return told as Notice;
    }
    if (told?.type && ANSWERS.has(told.type) && typeof (told as Answer).responseTo === 'number') {
      return told as Answer;
    }
  } catch {
    // A newer server may say what this page does not know yet.
  }
  return null;
}
