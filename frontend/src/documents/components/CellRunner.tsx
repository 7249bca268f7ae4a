import { duration, useModel, useNow } from '../../ui';
import type { QueueModel } from '../queue';

export interface CellRunnerProps {
  queue: QueueModel;
  cellId: string;
}

/** Who has a cell run, and for how long: "Ana · running 12 s". */
export function CellRunner(props: CellRunnerProps): JSX.Element | null {
  const queue = useModel(props.queue);
  const cell = queue.cell(props.cellId);
  const now = useNow(1_000, cell?.state === 'running');
  if (!cell) {
    return null;
  }
  const elapsed = now - Date.parse(cell.since);
  const running = elapsed >= 1_000 ? `running ${duration(elapsed)}` : 'running';
  const doing = cell.input ? 'asks' : cell.state === 'running' ? running : 'waiting';
  return (
    <span>
      {cell.person} · {doing}
    </span>
  );
}
