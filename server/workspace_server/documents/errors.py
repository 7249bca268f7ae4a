"""Why something did not run.

::

    AtriumError
    ├── NotFound
    │   ├── NoSuchCell
    │   ├── NoSuchFile
    │   ├── NoSuchNotebook
    │   ├── NoSuchPoint
    │   └── NoSuchRequest
    ├── Forbidden
    │   └── NotYours
    └── Conflict
        ├── Abandoned      the kernel was shut down before it had started
        └── NothingAsked   a cell was answered that asks for nothing, or was answered already
"""

from __future__ import annotations

from ..kit.errors import Conflict, Forbidden, NotFound


class NoSuchFile(NotFound):
    def __init__(self, path: str) -> None:
        super().__init__("no_such_file", f"There is no file {path!r} to open.", "It may have been moved or deleted.")


class NoSuchNotebook(NotFound):
    def __init__(self, path: str) -> None:
        super().__init__("no_such_notebook", f"There is no notebook {path!r}.", "Check the path: it begins below work.")


class NoSuchCell(NotFound):
    def __init__(self, position: int) -> None:
        super().__init__("no_such_cell", f"This version has no cell {position + 1}.", "Look at the version again.")


class NoSuchPoint(NotFound):
    def __init__(self) -> None:
        super().__init__(
            "no_such_version",
            "This version is no longer kept.",
            "Of older versions one an hour, later one a day is kept; look at the history again.",
        )


class NoSuchRequest(NotFound):
    def __init__(self, id: str) -> None:
        super().__init__(
            "no_such_request",
            f"Nothing was asked to run under {id!r}.",
            "Requests are forgotten when the server restarts; the notebook has the outputs.",
        )


class NotYours(Forbidden):
    def __init__(self) -> None:
        super().__init__(
            "not_yours",
            "You may look at this notebook, but not run it.",
            "Copy it to a folder of yours, or ask its owner.",
        )


class Abandoned(Conflict):
    def __init__(self) -> None:
        super().__init__("kernel_shut_down", "The kernel was shut down before it had started.", "Run a cell again.")


class NothingAsked(Conflict):
    def __init__(self, answered: str = "") -> None:
        if answered:
            super().__init__("already_answered", f"{answered} has answered already.", "The first answer counts.")
        else:
            super().__init__(
                "nothing_asked", "No cell asks for anything now.", "It may have ended or been interrupted."
            )
