import { type FormEvent, useState } from 'react';

import { Button, ErrorNote, RelativeTime, useAction } from '../../ui';
import type { Cluster, ClustersModel } from '../model';
import { fitOf, hasEnded, hostsOf, idleOf, noteOf, ofGateway, shapeOf, usersOf } from '../words';
import { WorkersFields, wrongRange } from './WorkersFields';

export interface ClusterDetailsProps {
  cluster: Cluster;
  model: ClustersModel;
  opened: boolean;
}

/** Who made and who uses a cluster; opened, also its shape and how to change it. */
export function ClusterDetails({ cluster, model, opened }: ClusterDetailsProps): JSX.Element {
  const note = noteOf(cluster);
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
      {note ? <p className="atrium-Muted">{note}</p> : null}
      {opened ? (
        <div className="atrium-Clusters-details" onClick={event => event.stopPropagation()}>
          <p>{shapeOf(cluster)}</p>
          <p>{idleOf(cluster)}</p>
          {cluster.matches === true ? <p>{fitOf(cluster)}</p> : null}
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
  const [workers, setWorkers] = useState({
    minimum: String(cluster.minimum),
    maximum: String(cluster.maximum)
  });
  const minimum = Number(workers.minimum);
  const maximum = Number(workers.maximum);
  const same = minimum === cluster.minimum && maximum === cluster.maximum;
  const scale = useAction(() => model.scale(cluster.id, minimum, maximum));
  if (hostsOf(cluster).length) {
    return <p className="atrium-Muted">Each host has as many workers as suit its processor.</p>;
  }
  if (cluster.address && !ofGateway(cluster)) {
    return <p className="atrium-Muted">Workers that are started there join by themselves.</p>;
  }
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
        <WorkersFields value={workers} onChange={setWorkers} gpus={cluster.gpus} />
        <Button submit busy={scale.busy} disabled={wrongRange(workers, cluster.gpus) !== null || same}>
          Scale
        </Button>
      </div>
      <ErrorNote error={scale.error} />
    </form>
  );
}
