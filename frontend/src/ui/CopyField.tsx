import { useRef, useState } from 'react';

import { Button } from './Button';
import { FormField } from './FormField';
import { checkIcon } from './icons';

export interface CopyFieldProps {
  label: string;
  value: string;
  hint?: string;
}

/** Text to be taken elsewhere, with a button that copies it. */
export function CopyField({ label, value, hint }: CopyFieldProps): JSX.Element {
  const [copied, setCopied] = useState<string | null>(null);
  const field = useRef<HTMLInputElement>(null);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(value);
      setCopied(value);
    } catch {
      // Browsers give the clipboard to secure pages only: it is selected, to be copied by hand.
      field.current?.select();
    }
  };
  const done = copied === value;
  return (
    <FormField label={label} hint={hint}>
      {control => (
        <div className="atrium-CopyField">
          <input
            {...control}
            ref={field}
            readOnly
            spellCheck={false}
            value={value}
            onFocus={event => event.target.select()}
          />
          <Button
            icon={done ? checkIcon : undefined}
            aria-label={`Copy: ${label}`}
            onClick={() => void copy()}
          >
            {done ? 'Copied' : 'Copy'}
          </Button>
        </div>
      )}
    </FormField>
  );
}
