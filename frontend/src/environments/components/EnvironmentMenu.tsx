import { Button, ErrorNote, List, ProgressLine, useAction, useModel } from '../../ui';
import type { Package } from '../model';
import type { NotebookEnvironment } from '../notebook';
import { notUsed, origin, packages } from '../words';
import { DriftNote } from './DriftNote';
import { LockFileNote } from './LockFile';
import { ConsentNote } from './Trust';

export interface EnvironmentMenuProps {
  environment: NotebookEnvironment;
  onClose: () => void;
  /** Opens all about it. */
  onReport: () => void;
  /** Shows what declaring a package comes to. */
  onAdd: (requirement: string) => void;
}

/** What the environment holds, how far its build is, or why there is none. */
export function EnvironmentMenu({
  environment,
  onClose,
  onReport,
  onAdd
}: EnvironmentMenuProps): JSX.Element {
  useModel(environment);
  const { model } = environment;
  const { status, error, began } = model;
  const running = environment.kernel.status;
  const restart = useAction(async () => {
    await environment.restart();
    onClose();
  });
  return (
    <div className="atrium-Environment">
      <h2>Environment</h2>
      {status ? (
        <p className="atrium-Muted">
          {status.state === 'ready' ? `${packages(status.count)} from ` : 'From '}
          {origin(status)}
          {status.python ? `, Python ${status.python}` : ''}
        </p>
      ) : null}
      {status && notUsed(status).length ? (
        <p className="atrium-Muted">Also found, not used: {notUsed(status).join(', ')}</p>
      ) : null}
      {status?.state === 'building' ? (
        <ProgressLine
          message={status.message}
          done={status.done}
          total={status.total}
          started={began ?? undefined}
          onCancel={() => model.cancel()}
        />
      ) : (
        <ErrorNote error={error} onRetry={() => void model.build()} retryLabel="Retry" />
      )}
      {error && status?.consent ? <ConsentNote model={model} /> : null}
      {error && status?.detail ? (
        <details>
          <summary>In the resolver’s words</summary>
          <pre>{status.detail}</pre>
        </details>
      ) : null}
      {status?.state === 'ready' && environment.outdated ? (
        <div className="atrium-Environment-restart">
          <p>
            The kernel still runs in another environment{running?.stays ? `: ${running.stays}` : ''}. Its
            variables are lost by a restart.
          </p>
          <Button kind="primary" busy={restart.busy} onClick={() => void restart.run()}>
            Restart kernel
          </Button>
          <ErrorNote error={restart.error} />
        </div>
      ) : null}
      {status?.lock_file?.stale.length ? (
        <LockFileNote
          lock={status.lock_file}
          source={status.source}
          mayWrite={model.mayBuild}
          onWrite={() => model.writeLock()}
        />
      ) : null}
      {environment.drift.map(one => (
        <DriftNote
          key={one.cell_id}
          environment={environment}
          cellId={one.cell_id}
          onAdd={requirement => {
            onClose();
            onAdd(requirement);
          }}
        />
      ))}
      {running?.added?.length && !environment.outdated ? (
        <p>
          Added to the running kernel, no restart needed:{' '}
          {running.added.map(one => `${one.name} ${one.version}`).join(', ')}
        </p>
      ) : null}
      {status?.state === 'none' && !error ? (
        <Button kind="primary" onClick={() => void model.build()}>
          Build
        </Button>
      ) : null}
      {status?.state === 'ready' ? (
        <Button
          onClick={() => {
            onClose();
            onReport();
          }}
        >
          Details, add a package
        </Button>
      ) : null}
      {status?.state === 'ready' ? (
        <List<Package>
          label="Packages"
          className="atrium-Environment-packages"
          items={status.packages ?? []}
          itemKey={one => one.name}
          searchText={one => one.name}
        >
          {one => (
            <>
              <span className="atrium-List-label">{one.name}</span>
              <span className="atrium-Number atrium-Muted">{one.version}</span>
            </>
          )}
        </List>
      ) : null}
    </div>
  );
}
