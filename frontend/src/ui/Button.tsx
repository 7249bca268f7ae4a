import type { LabIcon } from '@jupyterlab/ui-components';
import { forwardRef, type ButtonHTMLAttributes } from 'react';

export interface ButtonProps extends Omit<ButtonHTMLAttributes<HTMLButtonElement>, 'type'> {
  /** One `primary` per view; `danger` for what cannot be undone; `quiet` for icons in rows and headers. */
  kind?: 'primary' | 'plain' | 'danger' | 'quiet';
  icon?: LabIcon;
  /** Its work is under way: it shows so and does nothing more. */
  busy?: boolean;
  submit?: boolean;
}

/** A button. Its text is a verb; a button without text needs `aria-label`, which is also its tooltip. */
export const Button = forwardRef<HTMLButtonElement, ButtonProps>((props, ref) => {
  const { kind = 'plain', icon: Icon, busy = false, submit, className, children, disabled, ...rest } = props;
  const classes = ['atrium-Button', `atrium-mod-${kind}`, busy ? 'atrium-mod-busy' : '', className ?? ''];
  return (
    <button
      title={rest['aria-label']}
      {...rest}
      ref={ref}
      type={submit ? 'submit' : 'button'}
      className={classes.filter(Boolean).join(' ')}
      disabled={disabled || busy}
      aria-busy={busy || undefined}
    >
      {Icon ? <Icon.react tag="span" className="atrium-Icon" /> : null}
      {children}
    </button>
  );
});
