import { type FormEvent, useEffect, useState } from 'react';

import { ApiError, asApiError, faultOf } from '../../api/errors';
import { Button, ErrorNote, FormField, useAction } from '../../ui';
import { cronOf, DAYS, EVERY, type Every, FIRST, ownTimeZone, timeZones, type When } from '../cron';
import type { Cluster, JobsModel, Place, Preview } from '../model';

const PAUSE_MS = 250;

export interface ScheduleFormProps {
  model: JobsModel;
  /** Of the notebook, as it is open. */
  path: string;
  place: Place;
  onDone: () => void;
}

type Kind = 'none' | 'gpu' | Cluster['kind'];

interface Asked {
  preview: Preview | null;
  error: ApiError | null;
}

function clusterOf(kind: Kind, minimum: number, maximum: number): Cluster | null {
  switch (kind) {
    case 'none':
      return null;
    case 'gpu':
      return { kind: 'dask', minimum, maximum, gpus: maximum };
    default:
      return { kind, minimum, maximum, gpus: 0 };
  }
}

/** A new schedule, filled in so that one click is enough. */
export function ScheduleForm({ model, path, place, onDone }: ScheduleFormProps): JSX.Element {
  const [when, setWhen] = useState<When>(FIRST);
  const [custom, setCustom] = useState(cronOf(FIRST));
  const [zone, setZone] = useState(ownTimeZone);
  const [kind, setKind] = useState<Kind>('none');
  const [workers, setWorkers] = useState({ minimum: '1', maximum: '4' });
  const [notify, setNotify] = useState(true);
  const [runNow, setRunNow] = useState(true);
  const cron = when.every === 'custom' ? custom : cronOf(when);
  const [hasGpus, setHasGpus] = useState(false);
  const { preview, error } = usePreview(model, cron, zone, place);

  useEffect(() => {
    let current = true;
    model.cluster(path).then(
      cluster => {
        if (current && cluster) {
          setKind(cluster.gpus ? 'gpu' : cluster.kind);
          setWorkers({ minimum: String(cluster.minimum), maximum: String(cluster.maximum) });
        }
      },
      // Then the form begins without a cluster.
      () => undefined
    );
    model.hasGpus().then(
      found => current && setHasGpus(found),
      // Then it offers none.
      () => undefined
    );
    return () => {
      current = false;
    };
  }, [model, path]);

  const create = useAction(async () => {
    await model.create({
      project: place.project,
      notebook: place.notebook,
      cron,
      time_zone: zone,
      cluster: clusterOf(kind, Number(workers.minimum), Number(workers.maximum)),
      notify,
      run_now: runNow
    });
    onDone();
  });
  const failure = create.error ?? error;
  const wrong = (field: string) => faultOf(failure, field);
  const placed = ['cron', 'time_zone', 'cluster'].includes(failure?.field ?? '');
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    void create.run();
  };
  const onEvery = (every: Every) => {
    setCustom(cron);
    setWhen({ ...when, every });
    create.clear();
  };

  return (
    <form className="atrium-Form atrium-Jobs-form" onSubmit={onSubmit} noValidate>
      <div className="atrium-Jobs-pair">
        <FormField label="Run it">
          {field => (
            <select {...field} value={when.every} onChange={event => onEvery(event.target.value as Every)}>
              {Object.entries(EVERY).map(([value, name]) => (
                <option key={value} value={value}>
                  {name}
                </option>
              ))}
            </select>
          )}
        </FormField>
        {when.every === 'week' ? (
          <FormField label="On">
            {field => (
              <select
                {...field}
                value={when.weekday}
                onChange={event => setWhen({ ...when, weekday: Number(event.target.value) })}
              >
                {[1, 2, 3, 4, 5, 6, 0].map(day => (
                  <option key={day} value={day}>
                    {DAYS[day]}
                  </option>
                ))}
              </select>
            )}
          </FormField>
        ) : null}
        {when.every === 'month' ? (
          <FormField label="On day">
            {field => (
              <input
                {...field}
                type="number"
                min={1}
                max={31}
                value={when.day}
                onChange={event => setWhen({ ...when, day: Number(event.target.value) })}
              />
            )}
          </FormField>
        ) : null}
        {when.every !== 'custom' ? (
          <FormField label="At">
            {field => (
              <input
                {...field}
                type="time"
                value={when.time}
                onChange={event => setWhen({ ...when, time: event.target.value })}
              />
            )}
          </FormField>
        ) : null}
      </div>
      {when.every === 'custom' ? (
        <FormField
          label="Cron expression"
          error={wrong('cron')}
          hint={preview?.words ?? 'minute, hour, day of month, month, weekday'}
        >
          {field => (
            <input
              {...field}
              className={`${field.className} atrium-Jobs-cron`}
              spellCheck={false}
              value={custom}
              onChange={event => {
                setCustom(event.target.value);
                create.clear();
              }}
            />
          )}
        </FormField>
      ) : null}
      <FormField label="Time zone" error={wrong('time_zone')}>
        {field => (
          <>
            <input
              {...field}
              list={`${field.id}-zones`}
              spellCheck={false}
              value={zone}
              onChange={event => {
                setZone(event.target.value);
                create.clear();
              }}
            />
            <datalist id={`${field.id}-zones`}>
              {timeZones().map(name => (
                <option key={name} value={name} />
              ))}
            </datalist>
          </>
        )}
      </FormField>
      <div className="atrium-Jobs-pair">
        <FormField label="On a cluster" error={wrong('cluster')}>
          {field => (
            <select {...field} value={kind} onChange={event => setKind(event.target.value as Kind)}>
              <option value="none">None</option>
              <option value="dask">Dask, of its own</option>
              {hasGpus || kind === 'gpu' ? (
                <option value="gpu">Dask, of its own, with a GPU for each worker</option>
              ) : null}
              <option value="spark">Spark, of its own</option>
            </select>
          )}
        </FormField>
        {kind !== 'none'
          ? (['minimum', 'maximum'] as const).map(end => (
              <FormField key={end} label={end === 'minimum' ? 'Workers, at least' : 'At most'}>
                {field => (
                  <input
                    {...field}
                    type="number"
                    min={end === 'minimum' ? 0 : 1}
                    value={workers[end]}
                    onChange={event => setWorkers({ ...workers, [end]: event.target.value })}
                  />
                )}
              </FormField>
            ))
          : null}
      </div>
      <label className="atrium-Jobs-check">
        <input type="checkbox" checked={notify} onChange={event => setNotify(event.target.checked)} />
        Tell me when it has run
      </label>
      <label className="atrium-Jobs-check">
        <input type="checkbox" checked={runNow} onChange={event => setRunNow(event.target.checked)} />
        Run once now
      </label>
      <div className="atrium-Jobs-preview" role="status">
        {preview && !error ? (
          <>
            <div title={preview.next_words.join(', ')}>
              Next: <strong>{preview.next_words[0]}</strong>
            </div>
            <div className="atrium-Muted">
              It will run what is on {preview.branch}:{' '}
              <span className="atrium-Commit" title={preview.commit}>
                {preview.commit?.slice(0, 7)}
              </span>
            </div>
          </>
        ) : null}
      </div>
      {placed ? null : <ErrorNote error={failure} />}
      <div className="atrium-Form-actions">
        <Button kind="primary" submit busy={create.busy} disabled={error !== null}>
          Schedule
        </Button>
      </div>
    </form>
  );
}

/** What the server says of a time, asked when typing pauses. */
function usePreview(model: JobsModel, cron: string, zone: string, place: Place): Asked {
  const [asked, setAsked] = useState<Asked>({ preview: null, error: null });
  const { project, name, notebook } = place;
  useEffect(() => {
    let current = true;
    const timer = setTimeout(() => {
      model.preview(cron, zone, { project, name, notebook }).then(
        preview => current && setAsked({ preview, error: null }),
        (error: unknown) => current && setAsked({ preview: null, error: asApiError(error) })
      );
    }, PAUSE_MS);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [model, cron, zone, project, name, notebook]);
  return asked;
}
