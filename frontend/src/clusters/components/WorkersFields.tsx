import { FormField } from '../../ui';
import { wrongWorkers } from '../words';

/** Between how many workers, as typed. */
export interface Workers {
  minimum: string;
  maximum: string;
}

/** What is wrong with them; null where nothing is. */
export function wrongRange({ minimum, maximum }: Workers): string | null {
  return wrongWorkers(Number(minimum || NaN), Number(maximum || NaN));
}

export interface WorkersFieldsProps {
  value: Workers;
  onChange: (value: Workers) => void;
}

/** Two fields: how many workers at least, and at most. */
export function WorkersFields({ value, onChange }: WorkersFieldsProps): JSX.Element {
  return (
    <>
      <FormField label="Workers, at least" error={wrongRange(value)}>
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
            value={value.maximum}
            onChange={event => onChange({ ...value, maximum: event.target.value })}
          />
        )}
      </FormField>
    </>
  );
}
