import { FormField } from '../../ui';
import { wrongWorkers } from '../words';

/** Between how many workers, as typed. */
export interface Workers {
  minimum: string;
  maximum: string;
}

/** What is wrong with them, where each is to have one of so many GPUs if that is not 0; null where nothing is. */
export function wrongRange({ minimum, maximum }: Workers, gpus = 0): string | null {
  return wrongWorkers(Number(minimum || NaN), Number(maximum || NaN), gpus);
}

export interface WorkersFieldsProps {
  value: Workers;
  onChange: (value: Workers) => void;
  /** Of which each worker has one; 0: none. */
  gpus?: number;
  /** How many there may be is not for this place to change. */
  fixed?: boolean;
}

/** Two fields: how many workers at least, and at most. */
export function WorkersFields({ value, onChange, gpus = 0, fixed }: WorkersFieldsProps): JSX.Element {
  return (
    <>
      <FormField label="Workers, at least" error={wrongRange(value, gpus)}>
        {field => (
          <input
            {...field}
            type="number"
            min={0}
            value={value.minimum}
            onChange={event => onChange({ ...value, minimum: event.target.value })}
          />
        )}
      </FormField>
      <FormField label="At most">
        {field => (
          <input
            {...field}
            type="number"
            min={1}
            max={gpus || undefined}
            disabled={fixed}
            value={value.maximum}
            onChange={event => onChange({ ...value, maximum: event.target.value })}
          />
        )}
      </FormField>
    </>
  );
}
