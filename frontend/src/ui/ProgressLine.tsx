import type { OperationModel } from '../api/operations';
import { Button } from './Button';
import { ErrorNote } from './ErrorNote';
import { useNow } from './RelativeTime';
import { duration } from './time';
import { useAction, useModel } from './useModel';

export interface ProgressLineProps {
  message: string;
  done?: number;
  /** 0 or absent: unknown, and the bar only shows that it goes on. */
  total?: number;
  /** When it began, ISO 8601: how long it has taken is shown from the third second. */
  started?: string;
  onCancel?: () => unknown;
}

/** One line of what, how far, how long, and Cancel. */
export function ProgressLine(props: ProgressLineProps): JSX.Element {
  const { message, done = 0, total = 0, started } = props;
  const now = useNow(1_000, Boolean(started));
  const elapsed = started ? now - Date.parse(started) : 0;
  const cancel = useAction(() => props.onCancel?.());
  const known = total > 0;
  return (
    <div className="atrium-ProgressLine">
      <div className="atrium-ProgressLine-text">
        <span className="atrium-ProgressLine-message" role="status" title={message}>
          {message}
        </span>
        <span className="atrium-Number">
          {known ? `${done.toLocaleString()}/${total.toLocaleString()}` : null}
          {elapsed >= 3_000 ? `${known ? ' · ' : ''}${duration(elapsed)}` : null}
        </span>
        {props.onCancel ? (
          <Button kind="quiet" busy={cancel.busy} onClick={() => void cancel.run()}>
            Cancel
          </Button>
        ) : null}
      </div>
      <div
        className={`atrium-ProgressLine-bar ${known ? '' : 'atrium-mod-unknown'}`}
        role="progressbar"
        aria-label={message}
        aria-valuemax={known ? total : undefined}
        aria-valuenow={known ? Math.min(done, total) : undefined}
      >
        <span
          ref={bar => bar?.style.setProperty('width', known ? `${Math.min(100, (100 * done) / total)}%` : '')}
        />
      </div>
      <ErrorNote error={cancel.error} />
    </div>
  );
}

export interface OperationLineProps {
  /** Null draws nothing. */
  operation: OperationModel | null;
  onRetry?: () => void;
}

/** An operation where it was started: its progress, then its error if it failed; nothing once it succeeded. */
export function OperationLine(props: OperationLineProps): JSX.Element | null {
  const model = useModel(props.operation);
  if (!model) {
    return null;
  }
  if (model.error) {
    return <ErrorNote error={model.error} onRetry={props.onRetry} />;
  }
  if (!model.running) {
    return null;
  }
  const { message, title, done, total, started } = model.operation ?? { title: 'Starting' };
  return (
    <ProgressLine
      message={message || title}
      done={done}
      total={total}
      started={started}
      onCancel={() => model.cancel()}
    />
  );
}
