"""Errors of the dashboards room.

::

    AtriumError
    ├── Invalid      NotAChoice       a value that no widget offers
    ├── Failed       CellFailed       a cell raised while a viewer's answer was computed
    └── Unavailable  TooSlow, Busy    the time limit, the queue
"""

from __future__ import annotations

from ..kit.errors import Failed, Invalid, Unavailable


class NotAChoice(Invalid):
    def __init__(self, field: str, message: str) -> None:
        super().__init__("not_a_choice", message, "Choose one of those that the dashboard shows.", field)


class CellFailed(Failed):
    def __init__(self, what: str) -> None:
        super().__init__(
            "cell_failed", f"The notebook could not compute this: {what}",
            "The numbers before it still hold. Choose something else, or tell the dashboard's author.",
        )  # fmt: skip


class TooSlow(Unavailable):
    def __init__(self, seconds: float) -> None:
        super().__init__(
            "too_slow", f"This took longer than {seconds:.0f} s, so it was stopped.",
            "The numbers before it still hold. Try again later, or tell the dashboard's author.",
        )  # fmt: skip


class Busy(Unavailable):
    def __init__(self) -> None:
        super().__init__("busy", "Many people are choosing here at once.", "Try again in a moment.")
