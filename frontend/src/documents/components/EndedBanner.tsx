import { Button, ErrorNote, useAction, useModel } from '../../ui';
import type { Saving } from '../saving';
import { changesOf } from '../words';

export interface EndedBannerProps {
  saving: Saving;
  /** "notebook" or "file". */
  what: string;
  onCopy: () => void;
  onSaveAs: () => Promise<void>;
  onOpen: () => void;
}

/** What was typed can not be sent any more: ways to keep it, and on to what the others have. */
export function EndedBanner(props: EndedBannerProps): JSX.Element | null {
  const saving = useModel(props.saving);
  const saveAs = useAction(props.onSaveAs);
  if (saving.state !== 'ended') {
    return null;
  }
  const { changes, reason } = saving;
  return (
    <div className="atrium-Banner atrium-mod-error" role="alert">
      <div className="atrium-Banner-text">
        <strong>{changes ? `Your ${changesOf(changes)} could not be sent.` : 'Disconnected.'}</strong>{' '}
        {reason}
        <ErrorNote error={saveAs.error} />
      </div>
      <div className="atrium-Banner-actions">
        {changes ? (
          <>
            <Button kind="primary" busy={saveAs.busy} onClick={() => void saveAs.run()}>
              Save as a new {props.what}
            </Button>
            <Button onClick={props.onCopy}>Copy them</Button>
          </>
        ) : null}
        <Button onClick={props.onOpen}>Open the current version</Button>
      </div>
    </div>
  );
}
