import { caretDownEmptyIcon, type LabIcon } from '@jupyterlab/ui-components';
import { type ReactNode, useId, useRef, useState } from 'react';

import { Popover } from './Popover';

export interface ChipProps {
  icon: LabIcon;
  /** Short: "main", "small · 2/4"; empty shows the icon alone. */
  label: ReactNode;
  /** The whole sentence, as tooltip and for screen readers: "Branch main, 2 commits ahead". */
  title: string;
  /** Quiet until it needs somebody: `busy` while it works, `attention` and `error` when a person should look. */
  state?: 'quiet' | 'busy' | 'attention' | 'error';
  /** The inside of its popover; call `close` once a choice was made. Without it the chip is a plain button. */
  menu?: (close: () => void) => ReactNode;
  onClick?: () => void;
  disabled?: boolean;
}

/** A 22 px chip of a notebook's toolbar. */
export function Chip(props: ChipProps): JSX.Element {
  const { icon: Icon, menu, state = 'quiet' } = props;
  const [open, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const id = useId();
  const close = () => setOpen(false);
  const onClick = () => {
    setOpen(menu !== undefined && !open);
    props.onClick?.();
  };
  return (
    <>
      <button
        ref={button}
        type="button"
        className={`atrium-Chip atrium-mod-${state}`}
        title={props.title}
        aria-label={props.title}
        aria-haspopup={menu ? 'dialog' : undefined}
        aria-expanded={menu ? open : undefined}
        aria-controls={open ? id : undefined}
        aria-busy={state === 'busy' || undefined}
        disabled={props.disabled}
        onClick={onClick}
      >
        <Icon.react tag="span" className="atrium-Icon" />
        {props.label ? <span className="atrium-Chip-label">{props.label}</span> : null}
        {menu ? <caretDownEmptyIcon.react tag="span" className="atrium-Icon atrium-Chip-caret" /> : null}
      </button>
      {open && menu ? (
        <Popover anchor={button} id={id} label={props.title} onClose={close}>
          {menu(close)}
        </Popover>
      ) : null}
    </>
  );
}
