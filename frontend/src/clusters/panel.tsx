import { useState } from 'react';

import { Button, ErrorNote, List, Panel, plusIcon, refreshIcon, useAction, useModel } from '../ui';
import { ClusterDetails } from './components/ClusterDetails';
import { ClusterRow } from './components/ClusterRow';
import { NewClusterForm } from './components/NewClusterForm';
import type { Cluster, ClustersModel } from './model';

export interface ComputePanelProps {
  /** Follows the notebook in front, which is what is attached and detached here. */
  model: ClustersModel;
  /** Show a cluster's own pages. */
  onWatch: (id: string) => void;
}

/** Every cluster of the workspace: how it is, who uses it, and what can be done with it. */
export function ComputePanel({ model, onWatch }: ComputePanelProps): JSX.Element {
  useModel(model);
  const [creating, setCreating] = useState(false);
  const [opened, setOpened] = useState<string | null>(null);
  const attach = useAction((id: string) => model.attach(id));
  const ready = model.path !== '';
  return (
    <Panel
      title="Compute"
      actions={
        <>
          {ready ? (
            <Button
              kind="quiet"
              icon={plusIcon}
              aria-label="New cluster"
              aria-expanded={creating}
              onClick={() => setCreating(!creating)}
            />
          ) : null}
          <Button
            kind="quiet"
            icon={refreshIcon}
            aria-label="Refresh clusters"
            onClick={() => model.refresh()}
          />
        </>
      }
    >
      {ready && creating ? <NewClusterForm model={model} onDone={() => setCreating(false)} /> : null}
      <ErrorNote error={attach.error} />
      {creating && ready && model.clusters?.length === 0 ? null : (
        <List<Cluster>
          label="Clusters"
          className="atrium-Clusters"
          items={model.clusters}
          itemKey={one => one.id}
          searchText={one => `${one.name} ${one.kind} ${one.created_by} ${one.notebooks?.join(' ')}`}
          selected={model.attached?.id ?? null}
          onActivate={one => setOpened(one.id === opened ? null : one.id)}
          error={model.error}
          onRetry={() => model.refresh()}
          empty={{
            message: ready
              ? 'No clusters yet. One runs many workers in the environment of a notebook.'
              : 'No clusters yet. Open a notebook: a cluster runs in its environment.',
            ...(ready ? { action: { label: 'New cluster', run: () => setCreating(true) } } : {})
          }}
        >
          {one => (
            <ClusterRow
              cluster={one}
              attached={one.id === model.attached?.id}
              model={model}
              onAttach={() => void attach.run(one.id)}
              onWatch={() => onWatch(one.id)}
            >
              <ClusterDetails
                key={`${one.minimum} ${one.maximum}`}
                cluster={one}
                model={model}
                opened={one.id === opened}
              />
            </ClusterRow>
          )}
        </List>
      )}
    </Panel>
  );
}
