import { useId, type ReactNode } from 'react';

/** What the control inside a field needs so that its label, hint and error belong to it. */
export interface FieldControl {
  id: string;
  className: string;
  'aria-describedby'?: string;
  'aria-invalid'?: true;
}

export interface FormFieldProps {
  label: string;
  hint?: ReactNode;
  /** What is wrong with the value, in the person's terms. */
  error?: string | null;
  /** Draws the control: `{field => <input {...field} value=... />}`. */
  children: (field: FieldControl) => ReactNode;
}

/** A control with its label above and its hint or error below. */
export function FormField(props: FormFieldProps): JSX.Element {
  const id = useId();
  const note = props.error || props.hint;
  const field: FieldControl = { id, className: 'atrium-Input' };
  if (note) {
    field['aria-describedby'] = `${id}-note`;
  }
  if (props.error) {
    field['aria-invalid'] = true;
  }
  return (
    <div className="atrium-FormField">
      <label htmlFor={id}>{props.label}</label>
      {props.children(field)}
      {note ? (
        <div
          id={`${id}-note`}
          className={props.error ? 'atrium-FormField-error' : 'atrium-FormField-hint'}
          role={props.error ? 'alert' : undefined}
        >
          {note}
        </div>
      ) : null}
    </div>
  );
}
