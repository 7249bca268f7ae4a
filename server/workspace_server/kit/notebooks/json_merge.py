"""Three JSON values into one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .bases import same

_MISSING: Any = object()


def merge_json(base: Any, ours: Any, theirs: Any, path: tuple[str, ...] = ()) -> tuple[Any, list[tuple[str, ...]]]:
    """Three JSON values into one; ours where both sides changed it.

    Returns
    -------
    The value, and the paths where both sides changed it differently.
    """
    if same_or_missing(theirs, base) or same_or_missing(theirs, ours):
        return ours, []
    if same_or_missing(ours, base):
        return theirs, []
    if not (isinstance(ours, Mapping) and isinstance(theirs, Mapping)):
        return ours, [path]
    before = base if isinstance(base, Mapping) else {}
    merged = {}
    clashes = []
    for key in [*ours, *(key for key in theirs if key not in ours)]:
        value, inside = merge_json(
            before.get(key, _MISSING), ours.get(key, _MISSING), theirs.get(key, _MISSING), (*path, key)
        )
        clashes += inside
        if value is not _MISSING:
            merged[key] = value
    return merged, clashes


def same_or_missing(one: Any, other: Any) -> bool:
    if one is _MISSING or other is _MISSING:
        return one is other
    return same(one, other)
