import { type KeyboardEvent, type PointerEvent, useEffect, useState } from 'react';

import type { CellDiff } from '../git';
import { idOn, type Remarks, type Side, type Spot } from '../remarks';

interface Choice {
  side: Side;
  /** Where it was begun, and where it has got to. */
  from: number;
  to: number;
}

interface NumberProps {
  tabIndex: number;
  onPointerDown: (event: PointerEvent<HTMLElement>) => void;
  onPointerEnter: () => void;
  onPointerUp: () => void;
  onClick: (event: { detail: number }) => void;
  onFocus: () => void;
  'data-line': string;
}

export interface LineChoice {
  /** Whether a line is among those that are chosen, or that are being commented on. */
  has(side: Side, line: number | null | undefined): boolean;
  /** What makes a line's number choose it. */
  number(side: Side, line: number, first: boolean): NumberProps;
  onKeyDown: (event: KeyboardEvent<HTMLElement>) => void;
}

/** Choosing lines by their numbers: a click or Enter for one; drag, or Shift with the arrow keys, for several. */
export function useLineChoice(remarks: Remarks | undefined, cell: CellDiff | null): LineChoice {
  const [choice, setChoice] = useState<Choice | null>(null);
  const [dragging, setDragging] = useState(false);
  const [focused, setFocused] = useState('');
  useEffect(() => {
    if (!dragging) {
      return;
    }
    const stop = () => {
      setDragging(false);
      setChoice(null);
    };
    const ends = ['pointerup', 'pointercancel'] as const;
    ends.forEach(end => window.addEventListener(end, stop));
    return () => ends.forEach(end => window.removeEventListener(end, stop));
  }, [dragging]);
  const begin = (side: Side, from: number, to: number) => {
    setChoice(null);
    setDragging(false);
    const spot = { side, cell: idOn(side, cell), first: Math.min(from, to), last: Math.max(from, to) };
    remarks?.begin?.(spot);
  };
  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    const button = (event.target as HTMLElement).closest<HTMLElement>('.atrium-Diff-number');
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (button && step) {
      event.preventDefault();
      const [side, line] = (button.dataset.line ?? '').split(' ') as [Side, string];
      const all = [...event.currentTarget.querySelectorAll<HTMLElement>('.atrium-Diff-number')];
      const ones = event.shiftKey ? all.filter(one => one.dataset.line?.startsWith(side)) : all;
      const next = ones[ones.indexOf(button) + step];
      if (next) {
        next.focus();
        const to = Number(next.dataset.line?.split(' ')[1]);
        setChoice(event.shiftKey ? { side, from: choice?.from ?? Number(line), to } : null);
      }
    } else if (button && event.key === 'Escape' && choice) {
      event.stopPropagation();
      setChoice(null);
    }
  };
  const seen: Choice | null = choice ?? of(remarks?.writing ?? null, cell);
  return {
    has: (side, line) =>
      seen?.side === side &&
      typeof line === 'number' &&
      line >= Math.min(seen.from, seen.to) &&
      line <= Math.max(seen.from, seen.to),
    number: (side, line, first) => ({
      'data-line': `${side} ${line}`,
      // One stop of the Tab key for all lines; the arrow keys go on from there.
      tabIndex: (focused === '' && first) || focused === `${side} ${line}` ? 0 : -1,
      onFocus: () => setFocused(`${side} ${line}`),
      onPointerDown: event => {
        if (event.button === 0) {
          // A finger that goes on over other lines chooses them.
          event.currentTarget.releasePointerCapture(event.pointerId);
          setDragging(true);
          setChoice({ side, from: line, to: line });
        }
      },
      onPointerEnter: () => {
        if (dragging && choice?.side === side) {
          setChoice({ ...choice, to: line });
        }
      },
      onPointerUp: () => {
        if (dragging && choice) {
          begin(choice.side, choice.from, choice.side === side ? line : choice.to);
        }
      },
      // Of the keyboard; the mouse has had its say.
      onClick: ({ detail }) => {
        if (detail === 0) {
          begin(side, choice?.side === side ? choice.from : line, line);
        }
      }
    }),
    onKeyDown
  };
}

function of(writing: Spot | null, cell: CellDiff | null): Choice | null {
  if (
    !writing ||
    writing.first === null ||
    writing.last === null ||
    writing.cell !== idOn(writing.side, cell)
  ) {
    return null;
  }
  return { side: writing.side, from: writing.first, to: writing.last };
}
