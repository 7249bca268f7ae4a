"""What can go wrong with tables."""

from __future__ import annotations

from ..kit.errors import Conflict, Failed, Invalid, NotFound


def invalid_name(name: str) -> Invalid:
    return Invalid(
        "invalid_table_name",
        f"{name!r} cannot be the name of a table.",
        "Names have lower-case letters, digits and underscores only.",
        "name",
    )


def no_such_table(name: str, near: list[str]) -> NotFound:
    hint = f"Did you mean {' or '.join(near)}?" if near else f'A notebook makes it: ws.tables.write(frame, "{name}").'
    return NotFound("no_such_table", f"There is no table {name}.", hint)


def no_such_version(name: str, version: int, latest: int) -> NotFound:
    return NotFound(
        "no_such_version", f"The table {name} has no version {version}.", f"Its versions end with {latest}."
    )


def version_gone(name: str, version: int) -> Conflict:
    return Conflict(
        "version_gone", f"Version {version} of {name} cannot be restored: files of it were cleaned up.",
        "Choose a newer version.",
    )  # fmt: skip


def being_written(name: str) -> Conflict:
    return Conflict("table_being_written", f"Somebody else wrote {name} at the same moment.", "Restore it again.")


def unreadable(name: str, error: BaseException) -> Failed:
    return Failed(
        "unreadable_table", f"The table {name} cannot be read: {first_line(error)}.",
        "An earlier version may still be whole: see its history.",
    )  # fmt: skip


def first_line(error: BaseException) -> str:
    """What an error of the Rust library says, without its stack."""
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
