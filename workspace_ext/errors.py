"""What can go wrong in a notebook, said in a person's terms.

WorkspaceError
├── TableError            a table cannot be read or written
│   ├── TableNotFound     no table of that name
│   └── SchemaMismatch    the frame does not fit the table
├── SQLError              a query cannot be answered
├── WidgetError           a widget cannot take that value
└── ClusterError          no such cluster can be reached, or given that
"""

from __future__ import annotations


class WorkspaceError(Exception):
    """What happened and why (`message`), and what to do about it (`hint`, may be empty)."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message

    def _render_traceback_(self) -> list[str]:
        # IPython shows this instead of forty lines of other people's source.
        return f"{type(self).__name__}: {self}".splitlines()


class TableError(WorkspaceError):
    """A table cannot be read or written."""


class TableNotFound(TableError):
    """There is no table of that name."""


class SchemaMismatch(TableError):
    """The columns of a frame do not fit the table's."""


class SQLError(WorkspaceError):
    """A query cannot be answered."""


class WidgetError(WorkspaceError):
    """A widget cannot be made, or cannot take that value."""


class ClusterError(WorkspaceError):
    """No cluster of that kind can be reached from this notebook, or it cannot be given what it was given."""
