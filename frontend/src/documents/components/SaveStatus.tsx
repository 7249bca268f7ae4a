import { useEffect, useState } from 'react';

import { checkIcon, refreshIcon, useModel, warningIcon } from '../../ui';
import { offlineIcon } from '../icons';
import type { Saving, SaveState } from '../saving';
import { saveWords } from '../words';

/** Somebody who types is saved several times a second; only a pause is worth a word. */
const SETTLED_MS = 500;

const ICONS = {
  opening: refreshIcon,
  saved: checkIcon,
  saving: refreshIcon,
  offline: offlineIcon,
  failed: warningIcon,
  ended: warningIcon
};

export interface SaveStatusProps {
  saving: Saving | null;
  /** As long as all goes well, the icon says it alone. */
  brief?: boolean;
}

/** How far the document is saved: quiet, and louder only when it has to be. */
export function SaveStatus({ saving, brief = false }: SaveStatusProps): JSX.Element | null {
  useModel(saving);
  const shown = useSettled(saving?.state ?? 'opening');
  if (!saving) {
    return null;
  }
  const { changes, kept, savedAt, reason } = saving;
  const { label, title } = saveWords({ state: shown, changes, kept, savedAt, reason });
  const Icon = ICONS[shown];
  const quiet = brief && (shown === 'saved' || shown === 'saving');
  return (
    <span className={`atrium-SaveStatus atrium-mod-${shown}`} role="status" title={title}>
      <Icon.react tag="span" className="atrium-Icon" />
      <span className={quiet ? 'atrium-SaveStatus-hidden' : 'atrium-SaveStatus-label'}>{label}</span>
    </span>
  );
}

/** The state, but `saved` only once it has stayed so for a moment. */
function useSettled(state: SaveState): SaveState {
  const [shown, setShown] = useState(state);
  useEffect(() => {
    const timer = setTimeout(() => setShown(state), state === 'saved' && shown === 'saving' ? SETTLED_MS : 0);
    return () => clearTimeout(timer);
  }, [state, shown]);
  return shown;
}
