import { type FormEvent, useEffect, useState } from 'react';

import { Button, ErrorNote, FormField, useAction } from '../../ui';
import type { ClustersModel, Gpus } from '../model';
import { GpusField } from './GpusField';
import { addressOf, type Choice, CHOICES, THERE, wrongAddress, wrongCount, wrongMemory } from '../words';
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
  const [chosenGpus, setGpus] = useState(0);
  const there = THERE[choice];
  const machine = useGpus(model);
  const gpus = choice === 'dask' ? chosenGpus : 0;
  const range = gpus ? { ...workers, maximum: String(gpus) } : workers;
  const wrongSize = wrongMemory(memory);
  const wrongThreads = wrongCount(threads, 1, 'At least 1, a whole number.');
  const wrongIdle = wrongCount(idle, 0, 'A whole number; 0 for never.');
  const kind = there?.kind ?? (choice === 'spark' ? 'spark' : 'dask');
  const sized = !there || there.sized;
  const wrong = (there ? wrongAddress(address, choice) : null) ?? (sized ? wrongRange(range, gpus) : null);
  const create = useAction(async () => {
    await model.create({
      kind,
      minimum: Number(range.minimum),
      maximum: Number(range.maximum),
      memory,
      threads: Number(threads),
      idle_seconds: Number(idle) * 60,
      address: there ? addressOf(address, choice) : '',
      gpus
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
        <FormField
          label={there.label ?? 'Address'}
          error={address ? wrongAddress(address, choice) : null}
          hint={there.hint}
        >
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
          <WorkersFields value={range} onChange={setWorkers} gpus={gpus} fixed={gpus > 0} />
        </div>
      ) : null}
      {choice === 'dask' && machine?.gpus.length ? (
        <GpusField machine={machine} value={gpus} onChange={setGpus} />
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
        {choice === 'dask' && machine?.problem ? (
          <p className="atrium-Muted">
            {machine.problem.message} {machine.problem.hint}
          </p>
        ) : null}
      </details>
      <ErrorNote error={create.error} />
      <div className="atrium-Form-actions">
        <Button
          kind="primary"
          submit
          busy={create.busy}
          disabled={(wrong ?? wrongSize ?? wrongThreads ?? wrongIdle) !== null}
        >
          {sized || choice === 'hosts' ? 'Create and attach' : 'Attach'}
        </Button>
      </div>
    </form>
  );
}

/** The GPUs of the server's machine; null until they are known. Not to know them hinders nothing else. */
function useGpus(model: ClustersModel): Gpus | null {
  const [machine, setMachine] = useState<Gpus | null>(null);
  useEffect(() => {
    let current = true;
    model.gpus().then(
      found => {
        if (current) {
          setMachine(found);
        }
      },
      () => undefined
    );
    return () => {
      current = false;
    };
  }, [model]);
  return machine;
}
