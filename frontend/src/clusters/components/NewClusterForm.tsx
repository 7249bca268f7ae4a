import { type FormEvent, useState } from 'react';

import { Button, ErrorNote, FormField, useAction } from '../../ui';
import type { ClustersModel } from '../model';
import { type Choice, CHOICES, THERE, wrongAddress, wrongCount, wrongMemory } from '../words';
import { WorkersFields, wrongRange } from './WorkersFields';

export interface NewClusterFormProps {
  model: ClustersModel;
  onDone: () => void;
}

/** A new cluster, filled in so that one click is enough. */
export function NewClusterForm({ model, onDone }: NewClusterFormProps): JSX.Element {
  const [choice, setChoice] = useState<Choice>('dask');
  const [address, setAddress] = useState('');
  const [workers, setWorkers] = useState({ minimum: '1', maximum: '4' });
  const [memory, setMemory] = useState('');
  const [threads, setThreads] = useState('1');
  const [idle, setIdle] = useState('60');
  const wrongSize = wrongMemory(memory);
  const wrongThreads = wrongCount(threads, 1, 'At least 1, a whole number.');
  const wrongIdle = wrongCount(idle, 0, 'A whole number; 0 for never.');
  const there = THERE[choice];
  const kind = there?.kind ?? (choice === 'spark' ? 'spark' : 'dask');
  const sized = !there || there.sized;
  const wrong = (there ? wrongAddress(address, choice) : null) ?? (sized ? wrongRange(workers) : null);
  const create = useAction(async () => {
    await model.create({
      kind,
      minimum: Number(workers.minimum),
      maximum: Number(workers.maximum),
      memory,
      threads: Number(threads),
      idle_seconds: Number(idle) * 60,
      address: there ? address.trim() : ''
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
          <select
            {...field}
            value={choice}
            onChange={event => {
              setChoice(event.target.value as Choice);
              create.clear();
            }}
          >
            {Object.entries(CHOICES).map(([value, name]) => (
              <option key={value} value={value}>
                {name}
              </option>
            ))}
          </select>
        )}
      </FormField>
      {there ? (
        <FormField label="Address" error={address ? wrongAddress(address, choice) : null} hint={there.hint}>
          {field => (
            <input
              {...field}
              placeholder={there.example}
              value={address}
              onChange={event => setAddress(event.target.value)}
            />
          )}
        </FormField>
      ) : null}
      {sized ? (
        <div className="atrium-Clusters-workers">
          <WorkersFields value={workers} onChange={setWorkers} />
        </div>
      ) : null}
      <details>
        <summary>More</summary>
        <div className="atrium-Clusters-workers">
          {there ? null : (
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
          )}
          {choice === 'dask' ? (
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
          {sized ? 'Create and attach' : 'Attach'}
        </Button>
      </div>
    </form>
  );
}
