import { Button, ErrorNote, ProgressLine, useAction, useModel } from '../../ui';
import type { QueueModel } from '../queue';
import { InputLine } from './InputLine';

export interface WaitingLineProps {
  queue: QueueModel;
  cellId: string;
  /** The reader's user name. */
  me: string;
  readOnly: () => boolean;
  /** Whether this page has the cell run, and the cursor is free to go where the cell asks for something. */
  takesFocus: () => boolean;
}

/** One quiet line below a cell that waits: for what, how long; or that it asks; or was given up, and a way on. */
export function WaitingLine(props: WaitingLineProps): JSX.Element | null {
  const { cellId } = props;
  const model = useModel(props.queue);
  const retry = useAction(() => model.retry());
  const queue = model.queue;
  if (!queue) {
    return null;
  }
  const asking = model.cell(cellId);
  if (asking?.input) {
    const { input } = asking;
    return (
      <InputLine
        key={input.id}
        input={input}
        person={asking.user === props.me ? '' : asking.person}
        readOnly={props.readOnly()}
        takesFocus={asking.user === props.me && props.takesFocus()}
        onAnswer={value => model.answer(asking, input, value)}
      />
    );
  }
  const { waiting } = queue;
  const place = queue.cells.findIndex(cell => cell.cell_id === cellId && cell.state === 'waiting');
  const first = queue.cells[0];
  if (place === 0 && waiting) {
    return <ProgressLine message={waiting.message} started={waiting.since} />;
  }
  if (place >= 0 && first) {
    const before = first.state === 'running' ? `the cell that ${first.person} runs` : 'the cells before it';
    return <span className="atrium-Muted">Waits for {before}</span>;
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
