import { useEffect, useState } from 'react';

import { Button, closeIcon, ErrorNote, List, RelativeTime, useAction } from '../../ui';
import type { Lives } from '../lives';
import type { Project } from '../model';

export interface TrashProps {
  model: Lives;
  projects: readonly Project[];
  onClose: () => void;
}

interface Kept {
  key: string;
  name: string;
  /** Of a branch. */
  of?: string;
  deleted: string;
  by: string;
  restore: () => Promise<void>;
}

/** Projects and branches that were deleted within a week. */
export function Trash({ model, projects, onClose }: TrashProps): JSX.Element {
  const [kept, setKept] = useState<Kept[] | null>(null);
  const load = useAction(async () => {
    const gone = await model.deletedProjects();
    const branches = await Promise.all(
      projects.map(async one => ({ one, gone: await model.deletedBranches(one.id) }))
    );
    setKept([
      ...gone.map(({ id, name, deleted, by }) => ({
        key: id,
        name,
        deleted,
        by,
        restore: () => model.restore(id)
      })),
      ...branches.flatMap(({ one, gone: those }) =>
        those.map(({ backup, branch, deleted, by }) => ({
          key: `${one.id} ${backup}`,
          name: branch,
          of: one.name,
          deleted,
          by,
          restore: () => model.restoreBranch(one.id, backup)
        }))
      )
    ]);
  });
  const { run } = load;
  useEffect(() => void run(), [run]);
  const restore = useAction(async (one: Kept) => {
    await one.restore();
    await run();
  });
  return (
    <section className="atrium-Trash" aria-label="Deleted lately">
      <header>
        <h3>Deleted lately</h3>
        <Button kind="quiet" icon={closeIcon} aria-label="Close what was deleted lately" onClick={onClose} />
      </header>
      <ErrorNote error={restore.error} />
      <List<Kept>
        label="Deleted"
        items={kept}
        itemKey={one => one.key}
        searchText={one => `${one.name} ${one.of ?? ''}`}
        error={load.error}
        onRetry={() => void run()}
        empty={{ message: 'Nothing was deleted within the last week.' }}
      >
        {one => (
          <>
            <span className="atrium-List-label" title={one.by ? `Deleted by ${one.by}` : undefined}>
              {one.name} {one.of ? <span className="atrium-Muted">of {one.of}</span> : null}
            </span>
            <span className="atrium-Muted">
              <RelativeTime time={one.deleted} />
            </span>
            <Button
              kind="quiet"
              busy={restore.busy}
              aria-label={`Bring back ${one.name}`}
              onClick={() => void restore.run(one)}
            >
              Bring back
            </Button>
          </>
        )}
      </List>
    </section>
  );
}
