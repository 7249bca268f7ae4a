import { Button, ErrorNote, ProgressLine, useAction, useModel } from '../../ui';
import type { QueueModel } from '../queue';

export interface WaitingLineProps {
  queue: QueueModel;
  cellId: string;
}

/** One quiet line below a cell that waits: for what, how long; or that it was given up, and a way on. */
export function WaitingLine(props: WaitingLineProps): JSX.Element | null {
  const { cellId } = props;
  const model = useModel(props.queue);
  const retry = useAction(() => model.retry());
  const queue = model.queue;
  if (!queue) {
    return null;
  }
  const { waiting } = queue;
  const queued = queue.cells.find(cell => cell.cell_id === cellId && cell.state === 'waiting');
  if (queued) {
    return waiting ? (
      <ProgressLine message={waiting.message} started={waiting.since} />
    ) : (
      <span className="atrium-Muted">
        Waits for the cell that {queue.cells[0]?.person ?? 'somebody'} runs
      </span>
    );
  }
  if (!queue.not_run.includes(cellId)) {
    return null;
  }
  return (
    <div className="atrium-WaitingLine-notRun">
      <span className="atrium-Muted">
        {waiting?.failed === false ? 'Not run. What it needs is there now.' : 'Not run.'}
      </span>
      <Button busy={retry.busy} onClick={() => void retry.run()}>
        Retry
      </Button>
      <ErrorNote error={retry.error} />
    </div>
  );
}
