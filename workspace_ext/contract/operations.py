"""Long things with progress and an outcome."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

OperationState = Literal["running", "succeeded", "failed", "cancelled"]


@dataclass(frozen=True)
class WireError:
    """What every refused request answers, and why an operation failed."""

    code: str
    message: str
    hint: str
    field: str | None = None


@dataclass(frozen=True)
class Operation:
    """``total`` 0: unknown. ``result`` depends on ``kind`` (``room.verb``); ``subject`` is the thing it is about."""

    id: str
    kind: str
    title: str
    state: OperationState
    message: str
    done: int
    total: int
    started: str
    ended: str | None
    owner: str
    subject: str
    error: WireError | None
    result: Any


@dataclass(frozen=True)
class OperationList:
    operations: list[Operation]
