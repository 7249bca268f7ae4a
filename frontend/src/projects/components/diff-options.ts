import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { createContext, useState } from 'react';

import type { CellOutputs } from '../committing';

export type DiffLayout = 'inline' | 'sides';

export interface DiffOptions {
  layout: DiffLayout;
  /** Show differences so from now on; null where that is not asked. */
  choose: ((layout: DiffLayout) => void) | null;
  /** Draws outputs; without it they are only counted. */
  rendermime: IRenderMimeRegistry | null;
  /** What a changed cell showed before, and shows now. */
  outputs: ((path: string, part: string) => Promise<CellOutputs>) | null;
}

/** How the differences below are shown. */
export const DiffOptions = createContext<DiffOptions>({
  layout: 'inline',
  choose: null,
  rendermime: null,
  outputs: null
});

const KEY = 'atrium:diff-layout';

/** The layout that this browser's person chose last. */
export function useDiffLayout(): [DiffLayout, (layout: DiffLayout) => void] {
  const [layout, setLayout] = useState<DiffLayout>(() =>
    localStorage.getItem(KEY) === 'sides' ? 'sides' : 'inline'
  );
  const choose = (chosen: DiffLayout) => {
    localStorage.setItem(KEY, chosen);
    setLayout(chosen);
  };
  return [layout, choose];
}
