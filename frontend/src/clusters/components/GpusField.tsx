import { FormField } from '../../ui';
import type { Gpus } from '../model';
import { hintOfGpus } from '../words';

export interface GpusFieldProps {
  machine: Gpus;
  value: number;
  onChange: (value: number) => void;
}

/** How many of the GPUs that are free a cluster gets. */
export function GpusField({ machine, value, onChange }: GpusFieldProps): JSX.Element {
  const free = machine.gpus.filter(one => !one.cluster).length;
  return (
    <FormField label="GPUs" hint={hintOfGpus(machine)}>
      {field => (
        <select {...field} value={value} onChange={event => onChange(Number(event.target.value))}>
          {Array.from({ length: free + 1 }, (_, count) => (
            <option key={count} value={count}>
              {count || 'None'}
            </option>
          ))}
        </select>
      )}
    </FormField>
  );
}
