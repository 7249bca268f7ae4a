import { Token } from '@lumino/coreutils';

/** What other rooms may ask of this one. */
export interface IJobs {
  /** Show the executed notebook of a run in a tab. */
  openRun(id: string): void;
}

export const IJobs = new Token<IJobs>('jupyter-atrium:IJobs', 'Opens the pages of runs.');
