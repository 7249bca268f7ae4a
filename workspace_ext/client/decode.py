"""JSON into the contract's dataclasses, for readers that have nothing but the standard library."""

from __future__ import annotations

import types
import typing
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any


def decode(kind: Any, value: Any) -> Any:
    """``value`` (decoded JSON) as ``kind``: a dataclass, a list, dict or tuple of them, an optional, or a plain type.

    Fields that this version does not know are left out, so that an older client reads a newer server.
    """
    if value is None or kind is Any:
        return value
    origin = typing.get_origin(kind)
    arguments = typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        candidates = [one for one in arguments if one is not type(None)]
        return decode(candidates[0], value) if len(candidates) == 1 else value
    if origin is list:
        return [decode(arguments[0], one) for one in value]
    if origin is tuple:
        return tuple(decode(arguments[0], one) for one in value)
    if origin is dict:
        return {name: decode(arguments[1], one) for name, one in value.items()}
    return _record(kind, value) if is_dataclass(kind) else value


def _record(kind: Any, value: dict[str, Any]) -> Any:
    hints = _hints(kind)
    return kind(**{name: decode(hint, value[name]) for name, hint in hints.items() if name in value})


@cache
def _hints(kind: Any) -> dict[str, Any]:
    hints = typing.get_type_hints(kind)
    return {one.name: hints[one.name] for one in fields(kind)}
