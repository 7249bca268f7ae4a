import {
  type KeyboardEvent,
  type ReactNode,
  type RefObject,
  useEffect,
  useLayoutEffect,
  useRef
} from 'react';
import { createPortal } from 'react-dom';

import { place } from './place';

const FOCUSABLE =
  'button:not(:disabled), [href], input:not(:disabled), select:not(:disabled), textarea:not(:disabled), [tabindex]:not([tabindex="-1"])';

export interface PopoverProps {
  /** What it belongs to: it opens beside it, and focus returns there. */
  anchor: RefObject<HTMLElement>;
  label: string;
  onClose: () => void;
  id?: string;
  children: ReactNode;
}

/**
 * A small layer over everything else. It takes the focus and keeps Tab within; Escape and a click outside close it.
 */
export function Popover(props: PopoverProps): JSX.Element {
  const { anchor, onClose } = props;
  const layer = useRef<HTMLDivElement>(null);
  const close = useRef(onClose);
  useEffect(() => {
    close.current = onClose;
  });

  // JupyterLab's panels clip what overflows them and are containing blocks of fixed boxes: hence the portal, and
  // coordinates of our own.
  useLayoutEffect(() => {
    const element = layer.current;
    const owner = anchor.current;
    if (!element || !owner) {
      return;
    }
    const move = () => {
      const { left, top } = place(owner.getBoundingClientRect(), element.getBoundingClientRect(), {
        width: window.innerWidth,
        height: window.innerHeight
      });
      element.style.setProperty('--atrium-popover-left', `${left}px`);
      element.style.setProperty('--atrium-popover-top', `${top}px`);
    };
    move();
    const observer = new ResizeObserver(move);
    observer.observe(element);
    window.addEventListener('resize', move);
    return () => {
      observer.disconnect();
      window.removeEventListener('resize', move);
    };
  }, [anchor]);

  useEffect(() => {
    const element = layer.current;
    const owner = anchor.current;
    if (!element) {
      return;
    }
    if (!element.contains(document.activeElement)) {
      (
        element.querySelector<HTMLElement>('[autofocus]') ??
        element.querySelector<HTMLElement>(FOCUSABLE) ??
        element
      ).focus();
    }
    const onPointerDown = (event: PointerEvent) => {
      const target = event.target as Node;
      if (!element.contains(target) && !owner?.contains(target)) {
        close.current();
      }
    };
    document.addEventListener('pointerdown', onPointerDown, true);
    return () => {
      document.removeEventListener('pointerdown', onPointerDown, true);
      const focused = document.activeElement;
      if (owner?.isConnected && (focused === document.body || element.contains(focused))) {
        // A toolbar sends focus that comes from elsewhere to the button it had last; focus that comes from nowhere stays.
        (focused as HTMLElement).blur();
        owner.focus();
      }
    };
  }, [anchor]);

  const onKeyDown = (event: KeyboardEvent) => {
    event.stopPropagation();
    if (event.key === 'Escape') {
      event.preventDefault();
      onClose();
    } else if (event.key === 'Tab') {
      const stops = [...(layer.current?.querySelectorAll<HTMLElement>(FOCUSABLE) ?? [])];
      const leaving = event.shiftKey ? stops[0] : stops[stops.length - 1];
      if (!leaving || document.activeElement === leaving || document.activeElement === layer.current) {
        event.preventDefault();
        (event.shiftKey ? stops[stops.length - 1] : stops[0])?.focus();
      }
    }
  };

  return createPortal(
    <div
      ref={layer}
      id={props.id}
      className="atrium-Popover"
      role="dialog"
      aria-label={props.label}
      tabIndex={-1}
      onKeyDown={onKeyDown}
    >
      {props.children}
    </div>,
    document.body
  );
}
