import { Button, useModel, warningIcon } from '../../ui';
import type { NotebookEnvironment } from '../notebook';

export interface DriftNoteProps {
  environment: NotebookEnvironment;
  cellId: string;
  /** Shows what declaring a package comes to. */
  onAdd: (requirement: string) => void;
}

/** What a cell has installed or changed, and the way to have it declared. */
export function DriftNote({ environment, cellId, onAdd }: DriftNoteProps): JSX.Element | null {
  useModel(environment);
  const found = environment.drift.find(one => one.cell_id === cellId);
  if (!found) {
    return null;
  }
  const file = environment.model.status?.source || 'requirements.txt';
  return (
    <div className="atrium-DriftNote" role="status">
      <warningIcon.react tag="span" className="atrium-Icon" />
      <span className="atrium-DriftNote-text">{found.message}</span>
      {environment.model.mayBuild
        ? found.packages.map(one => (
            <Button key={one} onClick={() => onAdd(one)}>{`Add ${one} to ${file}`}</Button>
          ))
        : null}
    </div>
  );
}
