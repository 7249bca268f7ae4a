import { useState } from 'react';

import { Button, ErrorNote, List, plusIcon, useAction, useModel } from '../../ui';
import type { Cluster, ClustersModel } from '../model';
import { ClusterRow } from './ClusterRow';
import { NewClusterForm } from './NewClusterForm';

export interface ClusterMenuProps {
  model: ClustersModel;
  onClose: () => void;
  /** Show a cluster's own pages. */
  onWatch: (id: string) => void;
}

/** The workspace's clusters, which of them this notebook uses, and a new one. */
export function ClusterMenu({ model, onClose, onWatch }: ClusterMenuProps): JSX.Element {
  useModel(model);
  const [creating, setCreating] = useState(false);
  const { clusters, attached } = model;
  const attach = useAction(async (id: string) => {
    await model.attach(id);
    onClose();
  });
  const none = clusters?.length === 0;
  return (
    <div className="atrium-Clusters atrium-ClusterMenu">
      <h2>Cluster</h2>
      {none ? <p className="atrium-Muted">Many workers, in this notebook’s own environment.</p> : null}
      {none ? null : (
        <List<Cluster>
          label="Clusters"
          items={clusters}
          itemKey={one => one.id}
          searchText={one => `${one.name} ${one.kind}`}
          selected={attached?.id ?? null}
          onActivate={one => one.id !== attached?.id && void attach.run(one.id)}
          error={model.error}
          onRetry={() => model.refresh()}
        >
          {one => (
            <ClusterRow
              cluster={one}
              attached={one.id === attached?.id}
              model={model}
              onAttach={() => void attach.run(one.id)}
              onWatch={() => {
                onClose();
                onWatch(one.id);
              }}
            />
          )}
        </List>
      )}
      <ErrorNote error={attach.error} />
      {clusters && (creating || none) ? (
        <NewClusterForm model={model} onDone={onClose} />
      ) : clusters ? (
        <Button icon={plusIcon} onClick={() => setCreating(true)}>
          New cluster
        </Button>
      ) : null}
    </div>
  );
}
