import { type FormEvent, useState } from 'react';

import { Button, ErrorNote, FormField, useAction } from '../../ui';
import type { ClusterKind, ClustersModel } from '../model';
import { KINDS, wrongWorkers } from '../words';

export interface NewClusterFormProps {
  model: ClustersModel;
  onDone: () => void;
}

/** A new cluster, filled in so that one click is enough. */
export function NewClusterForm({ model, onDone }: NewClusterFormProps): JSX.Element {
  const [kind, setKind] = useState<ClusterKind>('dask');
  const [minimum, setMinimum] = useState('1');
  const [maximum, setMaximum] = useState('4');
  const wrong = wrongWorkers(Number(minimum || NaN), Number(maximum || NaN));
  const create = useAction(async () => {
    await model.create({ kind, minimum: Number(minimum), maximum: Number(maximum) });
    onDone();
  });
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    void create.run();
  };
  return (
    <form className="atrium-Form atrium-Clusters-form" onSubmit={onSubmit} noValidate>
      <FormField label="Kind">
        {field => (
          <select {...field} value={kind} onChange={event => setKind(event.target.value as ClusterKind)}>
            {Object.entries(KINDS).map(([value, name]) => (
              <option key={value} value={value}>
                {name}
              </option>
            ))}
          </select>
        )}
      </FormField>
      <div className="atrium-Clusters-workers">
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
      </div>
      <ErrorNote error={create.error} />
      <div className="atrium-Form-actions">
        <Button kind="primary" submit busy={create.busy} disabled={wrong !== null}>
          Create and attach
        </Button>
      </div>
    </form>
  );
}
