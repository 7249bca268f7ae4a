"""The environment that a notebook's kernel, its cluster and its runs have in common."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from .operations import WireError

EnvironmentState = Literal["none", "building", "ready", "failed"]
ConsentKind = Literal["source", "index", "channel"]
BuildPhase = Literal["", "waiting", "resolving", "downloading", "installing", "checking", "publishing"]


@dataclass(frozen=True)
class Package:
    name: str
    version: str


@dataclass(frozen=True)
class Consent:
    """What an owner of the project has to agree to before an environment can be built.

    ``kind`` source: code of a package is run to build it, ``what`` is its version ("future==0.18.2"), ``host`` where it
    comes from; index, channel: packages may come from the index, or the channel of conda, ``what`` of ``host``.
    ``line`` is what asks for it ("" for what only comes along) and ``origin`` where that is ("requirements.txt, line
    2").
    """

    kind: ConsentKind
    line: str
    what: str
    host: str
    origin: str


@dataclass(frozen=True)
class LockFile:
    """A lock that the project keeps, ``file``, and what it locks, ``source`` beside it ("" for nothing). ``stale``: why
    it does not fit that by now, a sentence each; empty while it does."""

    file: str
    source: str
    stale: list[str]


@dataclass(frozen=True)
class EnvironmentStatus:
    """How the environment that a notebook declares is.

    ``source`` is the declaring file relative to the project ("" for the base set), ``digest`` identifies what is
    declared and is the ``id`` of this room's events. ``python`` is the version asked for ("3.11"); ``also`` are files
    that could have declared it, too, but lie further up or come later in the order of forms. ``id``, ``packages`` and
    ``count`` are known once it is ready; ``phase``, ``message``, ``done`` of ``total`` and ``operation`` (to cancel
    it) while it is built; ``error`` and ``detail`` (the resolver's own words) when it failed, ``consent`` if agreeing
    to that would mend it, and ``may_consent`` whether who asks is one who may. ``lock_file`` is told where a lock is
    ``source``.
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
    python: str = ""
    also: list[str] = field(default_factory=list)
    consent: Consent | None = None
    may_consent: bool = False
    lock_file: LockFile | None = None


@dataclass(frozen=True)
class GiveConsent:
    """Agree to exactly what a :class:`Consent` tells, for all of the notebook's project."""

    notebook: str
    kind: ConsentKind
    line: str
    what: str


@dataclass(frozen=True)
class TrustedLine:
    """A consent that was given ``by`` a person; see :class:`Consent`."""

    id: str
    kind: ConsentKind
    line: str
    what: str
    by: str
    at: str


@dataclass(frozen=True)
class TrustedLines:
    """What is trusted in a notebook's project; ``may_revoke`` whether who asks is one who may take it back."""

    lines: list[TrustedLine]
    may_revoke: bool


@dataclass(frozen=True)
class RevokeTrust:
    """Trust a line of the notebook's project no more."""

    notebook: str
    id: str


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
class KeptEnvironment:
    """A published environment on the disk.

    ``bytes`` counts files that it shares with others, too; ``used`` is when it was wanted last; ``held``: something
    runs in it.
    """

    id: str
    python: str
    packages: int
    bytes: int
    used: str
    held: bool


@dataclass(frozen=True)
class Kept:
    """All environments, the last used first, and what they take: ``total`` bytes with the ``cache`` of downloaded
    packages, each file once, of ``limit`` bytes."""

    environments: list[KeptEnvironment]
    cache: int
    total: int
    limit: int


@dataclass(frozen=True)
class Collect:
    """Make room. ``limit`` in bytes; None for the workspace's own."""

    limit: int | None = None


@dataclass(frozen=True)
class Collected:
    """The environments that were removed, the bytes that became free, and those still taken."""

    removed: list[str]
    freed: int
    total: int


@dataclass(frozen=True)
class OfNotebook:
    """``notebook`` is a path relative to the workspace's ``work`` folder."""

    notebook: str


@dataclass(frozen=True)
class PackageChange:
    """A pin of a lock before and after; "" where it was, or will be, none."""

    name: str
    before: str
    after: str


@dataclass(frozen=True)
class InstalledPackage:
    """``required_by`` are the packages that need it; ``asked`` is where it is asked for itself ("requirements.txt,
    line 3", "the kernel"), "" if it only comes along."""

    name: str
    version: str
    required_by: list[str]
    asked: str


@dataclass(frozen=True)
class EnvironmentReport:
    """All about the environment that a notebook declares, once it is built.

    ``bytes`` counts files that it shares with others, too. ``changes`` are its pins against those of the same notebook
    on the branch ``base`` ("" on that branch itself, and outside of projects); ``base_error`` says why they cannot be
    told. ``lock`` is what it was built from, with hashes; ``lock_file`` is told where a lock is ``source``.
    ``accelerator`` is what it computes on: ``cpu``, or GPUs by at most that CUDA (``cu12``, ``cu13``).
    """

    id: str
    source: str
    also: list[str]
    python: str
    built: str
    seconds: float
    bytes: int
    packages: list[InstalledPackage]
    lock: str
    base: str = ""
    changes: list[PackageChange] = field(default_factory=list)
    base_error: WireError | None = None
    lock_file: LockFile | None = None
    accelerator: str = "cpu"


@dataclass(frozen=True)
class AddPackage:
    """A package for a notebook's project, or another version of one that it has: ``requirement`` is like
    "polars>=1"."""

    notebook: str
    requirement: str


@dataclass(frozen=True)
class Proposal:
    """What adding it comes to; nothing is written yet.

    ``file`` is the project's file that would change, ``diff`` how; ``changes`` are the pins that would. ``version`` is
    the file's as it was looked at, to write this and nothing else. ``lock`` is the project's lock that is written again
    with it, "" for none.
    """

    file: str
    diff: str
    version: str
    changes: list[PackageChange]
    lock: str = ""


@dataclass(frozen=True)
class WritePackage:
    """Write a :class:`Proposal`. It is refused if the file is no longer of ``version``."""

    notebook: str
    requirement: str
    version: str


@dataclass(frozen=True)
class WrittenLock:
    """The lock that was written into the project, ``file``, and its pins that are others than before."""

    file: str
    changes: list[PackageChange]
