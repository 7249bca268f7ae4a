import { type FormEvent, useState } from 'react';

import { Button, ErrorNote, FormField, useAction } from '../../ui';
import type { ClusterKind, ClustersModel } from '../model';
import { KINDS, wrongCount, wrongMemory } from '../words';
import { WorkersFields, wrongRange } from './WorkersFields';

export interface NewClusterFormProps {
  model: ClustersModel;
  onDone: () => void;
}

/** A new cluster, filled in so that one click is enough. */
export function NewClusterForm({ model, onDone }: NewClusterFormProps): JSX.Element {
  const [kind, setKind] = useState<ClusterKind>('dask');
  const [workers, setWorkers] = useState({ minimum: '1', maximum: '4' });
  const [memory, setMemory] = useState('');
  const [threads, setThreads] = useState('1');
  const [idle, setIdle] = useState('60');
  const wrongSize = wrongMemory(memory);
  const wrongThreads = wrongCount(threads, 1, 'At least 1, a whole number.');
  const wrongIdle = wrongCount(idle, 0, 'A whole number; 0 for never.');
  const wrong = wrongRange(workers);
  const create = useAction(async () => {
    await model.create({
      kind,
      minimum: Number(workers.minimum),
      maximum: Number(workers.maximum),
      memory,
      threads: Number(threads),
      idle_seconds: Number(idle) * 60
    });
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
        <WorkersFields value={workers} onChange={setWorkers} />
      </div>
      <details>
        <summary>More</summary>
        <div className="atrium-Clusters-workers">
          <FormField label={kind === 'dask' ? 'Memory per worker' : 'Memory'} error={wrongSize}>
            {field => (
              <input
                {...field}
                placeholder="default"
                value={memory}
                onChange={event => setMemory(event.target.value)}
              />
            )}
          </FormField>
          {kind === 'dask' ? (
            <FormField label="Threads per worker" error={wrongThreads}>
              {field => (
                <input
                  {...field}
                  type="number"
                  min={1}
                  value={threads}
                  onChange={event => setThreads(event.target.value)}
                />
              )}
            </FormField>
          ) : null}
          <FormField label="Minutes without work until it stops" error={wrongIdle}>
            {field => (
              <input
                {...field}
                type="number"
                min={0}
                value={idle}
                onChange={event => setIdle(event.target.value)}
              />
            )}
          </FormField>
        </div>
      </details>
      <ErrorNote error={create.error} />
      <div className="atrium-Form-actions">
        <Button
          kind="primary"
          submit
          busy={create.busy}
          disabled={(wrong ?? wrongSize ?? wrongThreads ?? wrongIdle) !== null}
        >
          Create and attach
        </Button>
      </div>
    </form>
  );
}
