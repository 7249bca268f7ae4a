import { type FormEvent, useState } from 'react';

import { Button, ErrorNote, FormField, RelativeTime, useAction } from '../../ui';
import type { Cluster, ClustersModel } from '../model';
import { hasEnded, idleOf, shapeOf, usersOf, wrongWorkers } from '../words';

export interface ClusterDetailsProps {
  cluster: Cluster;
  model: ClustersModel;
  opened: boolean;
}

/** Who made and who uses a cluster; opened, also its shape and how to change it. */
export function ClusterDetails({ cluster, model, opened }: ClusterDetailsProps): JSX.Element {
  return (
    <>
      <p className="atrium-Muted">
        {cluster.created_by} · {usersOf(cluster)}
        {cluster.idle_since ? (
          <>
            {' · last work '}
            <RelativeTime time={cluster.idle_since} />
          </>
        ) : null}
      </p>
      {cluster.state === 'stopped' && cluster.message ? (
        <p className="atrium-Muted">{cluster.message}</p>
      ) : null}
      {opened ? (
        <div className="atrium-Clusters-details" onClick={event => event.stopPropagation()}>
          <p>{shapeOf(cluster)}</p>
          <p>{idleOf(cluster)}</p>
          {cluster.matches === true ? <p>It runs this notebook’s environment.</p> : null}
          {cluster.notebooks?.length ? (
            <ul aria-label="Attached notebooks">
              {cluster.notebooks.map(one => (
                <li key={one}>{one}</li>
              ))}
            </ul>
          ) : null}
          <Scale cluster={cluster} model={model} />
        </div>
      ) : null}
    </>
  );
}

function Scale({ cluster, model }: Omit<ClusterDetailsProps, 'opened'>): JSX.Element {
  const [minimum, setMinimum] = useState(String(cluster.minimum));
  const [maximum, setMaximum] = useState(String(cluster.maximum));
  const wrong = wrongWorkers(Number(minimum || NaN), Number(maximum || NaN));
  const same = Number(minimum) === cluster.minimum && Number(maximum) === cluster.maximum;
  const scale = useAction(() => model.scale(cluster.id, Number(minimum), Number(maximum)));
  if (cluster.kind === 'spark' && !hasEnded(cluster)) {
    return <p className="atrium-Muted">Stop it to change how many workers it has.</p>;
  }
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    void scale.run();
  };
  return (
    <form onSubmit={onSubmit} noValidate>
      <div className="atrium-Clusters-scale">
        <FormField label="Workers, at least" error={wrong}>
          {field => (
            <input
              {...field}
              type="number"
              min={0}
              value={minimum}
              onChange={event => setMinimum(event.target.value)}
            />
          )}
        </FormField>
        <FormField label="At most">
          {field => (
            <input
              {...field}
              type="number"
              min={1}
              value={maximum}
              onChange={event => setMaximum(event.target.value)}
            />
          )}
        </FormField>
        <Button submit busy={scale.busy} disabled={wrong !== null || same}>
          Scale
        </Button>
      </div>
      <ErrorNote error={scale.error} />
    </form>
  );
}
