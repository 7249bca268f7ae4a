"""SQL over the workspace's tables.

DuckDB reads them where they lie; a query can read nothing else and write nothing.
"""

from __future__ import annotations

import datetime
import difflib
import re
import warnings
from typing import TYPE_CHECKING, Any

from workspace_ext import tables, widgets
from workspace_ext.errors import SQLError
from workspace_ext.tables import location

if TYPE_CHECKING:
    import pandas

ORDERED = "atrium.ordered"

READING = ("SELECT", "EXPLAIN", "MULTI")

# In this order: tables are registered before the doors are shut, and the lock comes last.
CLOSED = (
    "SET python_enable_replacements = false",
    "SET autoinstall_known_extensions = false",
    "SET autoload_known_extensions = false",
    "SET enable_external_access = false",
    "SET lock_configuration = true",
)


def sql(query: str, **parameters: Any) -> pandas.DataFrame:
    """Answer one SELECT over the workspace's tables, in DuckDB's SQL.

    Args:
        query: May name any table. `$store` stands for a value, never for text of the query.
        parameters: Values by name. A name that is not given here takes the current value of the widget so named.

    Raises:
        SQLError: The query cannot be answered; the message is DuckDB's, with the place.
    """
    import duckdb

    connection = duckdb.connect(":memory:")
    try:
        statement = _statement(connection, query)
        bound = {name: _bound(name, parameters) for name in statement.named_parameters}
        if unused := sorted(set(parameters) - set(bound)):
            raise SQLError(f"The query does not use {', '.join(f'${name}' for name in unused)}.")
        _register(connection, query)
        # Only where it is on: in a kernel without ipywidgets it is off, and touching it is an error there.
        if connection.execute("SELECT current_setting('enable_progress_bar')").fetchone() == (True,):
            connection.execute("SET enable_progress_bar = false")
        for setting in CLOSED:
            connection.execute(setting)
        with warnings.catch_warnings():
            # DuckDB 2.0 uses a spelling that pandas 3.1 deprecates.
            warnings.simplefilter("ignore")
            frame: pandas.DataFrame = connection.execute(query, bound or None).fetchdf()
    except duckdb.Error as error:
        raise _explained(error, query) from None
    finally:
        connection.close()
    # Choices of a widget keep the order that a query asks for, and are sorted where it asks for none.
    frame.attrs[ORDERED] = bool(re.search(r"\border\s+by\b", query, re.IGNORECASE))
    return frame


def _statement(connection: Any, query: str) -> Any:
    statements = connection.extract_statements(query)
    if len(statements) != 1:
        raise SQLError(f"ws.sql answers one statement at a time; this text holds {len(statements)}.")
    statement = statements[0]
    if statement.type.name not in READING:
        raise SQLError(
            f"ws.sql only reads; this is a {statement.type.name} statement.",
            'To write, use ws.tables.write(frame, "name").',
        )
    return statement


def _bound(name: str, parameters: dict[str, Any]) -> Any:
    values = widgets.values()
    if name in parameters:
        value = parameters[name]
    elif name in values:
        value = values[name]
    else:
        near = difflib.get_close_matches(name, values, n=1)
        raise SQLError(
            f"The query uses ${name}, but nothing of that name was given and no widget has it.",
            f"Did you mean ${near[0]}?" if near else f"Say ws.sql(query, {name}=...), or make a widget {name!r}.",
        )
    if hasattr(value, "dtype") and getattr(value, "ndim", 0) == 0 and hasattr(value, "item"):
        # numpy's scalars; a datetime64 of nanoseconds would become a bare integer.
        value = value.item() if value.dtype.kind not in "mM" else str(value)
    if isinstance(value, datetime.datetime) and value.tzinfo is not None:
        value = value.isoformat()
    return value


def _register(connection: Any, query: str) -> None:
    words = set(re.findall(r"\w+", query.lower()))
    for name in location.names():
        if name in words:
            table = location.open_delta(name)
            tables.note_read(name, int(table.version()))
            connection.register(name, table.to_pyarrow_dataset())


def _explained(error: Exception, query: str) -> SQLError:
    message = str(error).strip()
    if match := re.search(r"Table with name \"?(\w+)\"? does not exist", message):
        missing = location.not_found(match[1])
        return SQLError(missing.message, missing.hint)
    if "disabled by configuration" in message or "configuration has been locked" in message:
        return SQLError(
            "ws.sql reads the workspace's tables and nothing else: no files, no network, no settings.",
            "Read a file with pandas and write it with ws.tables.write, then query the table.",
        )
    return SQLError(message)
