import { Button, ErrorNote, List, ProgressLine, useAction, useModel } from '../../ui';
import type { Package } from '../model';
import type { NotebookEnvironment } from '../notebook';
import { origin, packages } from '../words';
import { ConsentNote } from './Trust';

export interface EnvironmentMenuProps {
  environment: NotebookEnvironment;
  onClose: () => void;
  /** Opens all about it. */
  onReport: () => void;
}

/** What the environment holds, how far its build is, or why there is none. */
export function EnvironmentMenu({ environment, onClose, onReport }: EnvironmentMenuProps): JSX.Element {
  useModel(environment);
  const { model } = environment;
  const { status, error, began } = model;
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
      {status?.also?.length ? (
        <p className="atrium-Muted">Also found, not used: {status.also.join(', ')}</p>
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
          <p>The kernel still runs in another environment. Its variables are lost by a restart.</p>
          <Button kind="primary" busy={restart.busy} onClick={() => void restart.run()}>
            Restart kernel
          </Button>
          <ErrorNote error={restart.error} />
        </div>
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
