import type { ReactNode } from 'react';

import { Button, ErrorNote, useAction } from '../../ui';
import { ApiError } from '../../api/errors';
import type { Cluster, ClustersModel } from '../model';
import { gpusOf, hasEnded, hostsOf, KINDS, stateOf } from '../words';

export interface ClusterRowProps {
  cluster: Cluster;
  attached: boolean;
  model: ClustersModel;
  onAttach: () => void;
  onWatch: () => void;
  /** What else is said of it. */
  children?: ReactNode;
}

/** One cluster: what it is, how it is, and what can be done with it. */
export function ClusterRow(props: ClusterRowProps): JSX.Element {
  const { cluster, attached, model, onAttach, onWatch, children } = props;
  const { id } = cluster;
  const detach = useAction(() => model.detach());
  const stop = useAction(() => model.stop(id));
  const restart = useAction(() => model.restart(id));
  const remove = useAction(() => model.delete(id));
  const ended = hasEnded(cluster);
  const busy = detach.busy || stop.busy || restart.busy || remove.busy || cluster.state === 'stopping';
  const failed = cluster.error ? new ApiError(0, cluster.error) : null;
  return (
    <div className="atrium-Clusters-row">
      <div className="atrium-Clusters-title">
        <span className="atrium-List-label">{cluster.name}</span>
        <span className="atrium-Tag" title={gpusOf(cluster.gpus)}>
          {cluster.gpus ? `${KINDS[cluster.kind]} GPU` : KINDS[cluster.kind]}
        </span>
        <span className="atrium-Muted" role="status" title={stateOf(cluster)}>
          {stateOf(cluster)}
        </span>
      </div>
      {cluster.misfit ? <p className="atrium-Muted">{cluster.misfit.message}</p> : null}
      {failed && !ended ? (
        <p className="atrium-Muted">It could not be restarted, and serves on as it was:</p>
      ) : null}
      {children}
      <ErrorNote
        error={failed ?? detach.error ?? stop.error ?? restart.error ?? remove.error}
        onRetry={ended || failed ? () => void restart.run() : undefined}
        retryLabel="Restart"
      />
      <div className="atrium-Clusters-actions" onClick={event => event.stopPropagation()}>
        {attached ? (
          <Button disabled={busy} onClick={() => void detach.run()}>
            Detach
          </Button>
        ) : model.path ? (
          <Button disabled={busy} onClick={onAttach}>
            Attach
          </Button>
        ) : null}
        {cluster.state === 'running' && (!cluster.address || hostsOf(cluster).length) ? (
          <Button onClick={onWatch}>Watch</Button>
        ) : null}
        {ended ? (
          failed ? null : (
            <Button disabled={busy} onClick={() => void restart.run()}>
              Start
            </Button>
          )
        ) : (
          <Button disabled={busy} onClick={() => void stop.run()}>
            Stop
          </Button>
        )}
        {ended ? null : (
          <Button disabled={busy} onClick={() => void restart.run()}>
            {cluster.misfit ? 'Restart here' : 'Restart'}
          </Button>
        )}
        {ended ? (
          <Button kind="danger" disabled={busy} onClick={() => void remove.run()}>
            Delete
          </Button>
        ) : null}
      </div>
    </div>
  );
}
