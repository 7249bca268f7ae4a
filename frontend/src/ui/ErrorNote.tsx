import { asApiError } from '../api/errors';
import { Button } from './Button';
import { warningIcon } from './icons';

export interface ErrorNoteProps {
  /** Anything thrown; nothing is drawn for null. */
  error: unknown;
  onRetry?: () => void;
  /** The verb on the button; "Try again" unless told. */
  retryLabel?: string;
}

/** What failed, what to do, and a button that tries again, in the place where the person is. */
export function ErrorNote(props: ErrorNoteProps): JSX.Element | null {
  if (props.error === null || props.error === undefined) {
    return null;
  }
  const { message, hint } = asApiError(props.error);
  return (
    <div className="atrium-ErrorNote" role="alert">
      <warningIcon.react tag="span" className="atrium-Icon" />
      <div className="atrium-ErrorNote-text">
        <div className="atrium-ErrorNote-message">{message}</div>
        {hint ? <div className="atrium-ErrorNote-hint">{hint}</div> : null}
        {props.onRetry ? <Button onClick={props.onRetry}>{props.retryLabel ?? 'Try again'}</Button> : null}
      </div>
    </div>
  );
}
