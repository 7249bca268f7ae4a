"""The environment that a notebook's kernel, its cluster and its runs have in common."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from .operations import WireError

EnvironmentState = Literal["none", "building", "ready", "failed"]
BuildPhase = Literal["", "waiting", "resolving", "downloading", "installing", "checking", "publishing"]


@dataclass(frozen=True)
class Package:
    name: str
    version: str


@dataclass(frozen=True)
class EnvironmentStatus:
    """How the environment that a notebook declares is.

    ``source`` is the declaring file relative to the project ("" for the base set), ``digest`` identifies what is
    declared and is the ``id`` of this room's events. ``id``, ``packages`` and ``count`` are known once it is ready;
    ``phase``, ``message``, ``done`` of ``total`` and ``operation`` (to cancel it) while it is built; ``error`` and
    ``detail`` (the resolver's own words) when it failed.
    """

    state: EnvironmentState
    source: str
    digest: str
    id: str | None = None
    phase: BuildPhase = ""
    message: str = ""
    done: int = 0
    total: int = 0
    operation: str | None = None
    count: int = 0
    packages: list[Package] = field(default_factory=list)
    extras: list[str] = field(default_factory=list)
    error: WireError | None = None
    detail: str = ""


@dataclass(frozen=True)
class EnvironmentDetail:
    """A published environment. ``lock`` is what it was built from, with hashes."""

    id: str
    python: str
    platform: str
    built: str
    seconds: float
    packages: list[Package]
    lock: str


@dataclass(frozen=True)
class OfNotebook:
    """``notebook`` is a path relative to the workspace's ``work`` folder."""

    notebook: str
