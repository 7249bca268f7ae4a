"""Where a table lies: its name, its folder, and on a branch the branch's own copy of it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from workspace_ext import context
from workspace_ext.errors import TableError, TableNotFound

NAME = re.compile(r"[a-z0-9_]+")


def check_name(name: str) -> str:
    """Return `name` if a table may have it.

    Raises:
        TableError: If not; the hint proposes a name that is allowed.
    """
    if not isinstance(name, str):
        raise TableError(f"A table's name is text, not {type(name).__name__}.")
    if NAME.fullmatch(name):
        return name
    proposal = re.sub(r"[^a-z0-9_]+", "_", name.lower()).strip("_") or "sales"
    raise TableError(
        f"{name!r} cannot be the name of a table: lower-case letters, digits and underscores only.",
        f'For example: "{proposal}".',
    )


def is_table(folder: Path) -> bool:
    """Whether a Delta table with at least one commit lies in `folder`."""
    return any((folder / "_delta_log").glob("*.json"))


def names() -> list[str]:
    """The names of all tables this process can read, sorted."""
    where = context.current()
    found = set()
    for folder in filter(None, (where.tables, where.tables_branch)):
        if folder.is_dir():
            found |= {each.name for each in folder.iterdir() if NAME.fullmatch(each.name) and is_table(each)}
    return sorted(found)


def readable(name: str) -> Path:
    """The folder that reads of `name` go to: the branch's copy if there is one.

    Raises:
        TableNotFound: There is no such table.
    """
    check_name(name)
    where = context.current()
    for folder in filter(None, (where.tables_branch, where.tables)):
        if is_table(folder / name):
            return folder / name
    raise not_found(name)


def not_found(name: str) -> TableNotFound:
    """The error for a table that is not there, with what the person may have meant."""
    existing = names()
    near = difflib.get_close_matches(name, existing, n=3, cutoff=0.6)
    if near:
        hint = f"Did you mean {_join(near)}?"
    elif existing:
        hint = f"There are: {_join(existing[:20])}."
    else:
        hint = f'The workspace has no tables yet. Make one with ws.tables.write(frame, "{name}").'
    return TableNotFound(f"There is no table {name!r}.", hint)


def open_delta(name: str, version: int | None = None) -> Any:
    """The `deltalake.DeltaTable` that reads of `name` go to, at `version` or as it is now.

    Raises:
        TableNotFound: There is no such table.
        TableError: It cannot be read, or has no such version.
    """
    from deltalake import DeltaTable
    from deltalake.exceptions import DeltaError

    folder = readable(name)
    try:
        return DeltaTable(folder, version=version)
    except DeltaError as error:
        if version is None:
            raise TableError(f"The table {name!r} cannot be read: {first_line(error)}.") from error
        latest = DeltaTable(folder).version()
        raise TableError(f"The table {name!r} has no version {version}.", f"Its latest version is {latest}.") from error


def first_line(error: BaseException) -> str:
    """What an error of the Rust library says, without its stack."""
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")


def _join(items: Iterable[str]) -> str:
    return ", ".join(items)
