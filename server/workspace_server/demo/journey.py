"""Plays a list of steps, times each, and reports: what `atrium demo --check` prints."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass


class Broken(Exception):
    """A step did not do what it promises; the text says what was seen instead."""


@dataclass(frozen=True)
class Step:
    """``play`` returns what was checked, in words, or raises."""

    name: str
    play: Callable[[], str]


def expect(true: object, otherwise: str) -> None:
    """Raise :class:`Broken` with ``otherwise`` unless ``true``."""
    if not true:
        raise Broken(otherwise)


def play(steps: list[Step]) -> int:
    """Play the steps in order and print a row for each; stop at the first that fails.

    Returns
    -------
    int
        0 when every step did what it promises, else 1; the last line names the step that did not.
    """
    width = max(len(step.name) for step in steps)
    print(f"{'step'.ljust(width)}  seconds  what was checked")
    begun = time.monotonic()
    for step in steps:
        start = time.monotonic()
        try:
            checked = step.play()
        except Exception as error:
            seconds = time.monotonic() - start
            print(f"{step.name.ljust(width)}  {seconds:7.1f}  FAILED: {error or type(error).__name__}", flush=True)
            if not isinstance(error, Broken):
                traceback.print_exception(error)
            print(f"\nThe journey broke at: {step.name}")
            return 1
        print(f"{step.name.ljust(width)}  {time.monotonic() - start:7.1f}  {checked}", flush=True)
    print(f"\nThe whole journey, {len(steps)} steps, in {time.monotonic() - begun:.0f} s.")
    return 0
