"""Schedules and their runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

ParameterValue = str | int | float | bool | None | list[str | int | float | bool | None]

RunState = Literal["queued", "preparing", "running", "succeeded", "failed", "cancelled", "lost"]
"""``failed``: the notebook, its environment or its time limit; ``lost``: its process died without a word."""


@dataclass(frozen=True)
class ScheduleCluster:
    """The cluster that each run starts for itself: ``minimum`` to ``maximum`` workers, each with one of ``gpus``."""

    kind: Literal["dask", "spark"]
    minimum: int = 1
    maximum: int = 4
    gpus: int = 0


@dataclass(frozen=True)
class CreateSchedule:
    """``project`` is an id; ``notebook`` a path within it. ``cron`` has five fields, read in ``time_zone`` (IANA)."""

    project: str
    notebook: str
    cron: str
    time_zone: str
    name: str = ""
    cluster: ScheduleCluster | None = None
    parameters: dict[str, ParameterValue] = field(default_factory=dict)
    timeout: int = 6 * 3600
    """Seconds after which a run is stopped."""
    notify: bool = True
    run_now: bool = False


@dataclass(frozen=True)
class UpdateSchedule:
    """Absent fields stay as they are; ``no_cluster`` takes the cluster away."""

    name: str | None = None
    notebook: str | None = None
    cron: str | None = None
    time_zone: str | None = None
    cluster: ScheduleCluster | None = None
    no_cluster: bool = False
    parameters: dict[str, ParameterValue] | None = None
    timeout: int | None = None
    notify: bool | None = None
    enabled: bool | None = None


@dataclass(frozen=True)
class RunBar:
    """One bar of a schedule's history; ``seconds`` so far while it goes on."""

    id: str
    state: RunState
    started: str
    seconds: float


@dataclass(frozen=True)
class Schedule:
    """``words`` says the cron in English; ``next`` is None while it is paused; ``recent`` is oldest first."""

    id: str
    name: str
    project: str
    project_name: str
    notebook: str
    branch: str
    cron: str
    time_zone: str
    words: str
    next: str | None
    cluster: ScheduleCluster | None
    parameters: dict[str, ParameterValue]
    timeout: int
    notify: bool
    enabled: bool
    created: str
    created_by: str
    recent: list[RunBar]
    skipped: list[str]
    """When it was due while the run before still went on; newest first, at most five."""
    paused: str = ""
    """Why nothing is due although it is enabled, to be read after "paused:"; empty where that is not so."""


@dataclass(frozen=True)
class ScheduleList:
    schedules: list[Schedule]


@dataclass(frozen=True)
class ScheduleQuery:
    project: str | None = None
    notebook: str | None = None


@dataclass(frozen=True)
class PreviewSchedule:
    """``project`` and ``notebook``, when given, add the commit that it would run."""

    cron: str
    time_zone: str
    project: str = ""
    notebook: str = ""


@dataclass(frozen=True)
class SchedulePreview:
    """``next``: the next three times in UTC; ``next_words``: the same as people read them in the time zone."""

    words: str
    next: list[str]
    next_words: list[str]
    branch: str = ""
    commit: str = ""


@dataclass(frozen=True)
class RunTable:
    """A version of a table that a run wrote."""

    name: str
    version: int


@dataclass(frozen=True)
class RunError:
    """Why a run did not succeed; ``cell`` counts all cells of the executed notebook from 1."""

    message: str
    hint: str = ""
    cell: int | None = None
    traceback: str = ""


@dataclass(frozen=True)
class Run:
    """One execution. ``due`` is the time of the schedule that asked for it, None for "run now"."""

    id: str
    schedule: str | None
    name: str
    project: str
    project_name: str
    notebook: str
    branch: str
    commit: str
    environment: str
    cluster: ScheduleCluster | None
    parameters: dict[str, ParameterValue]
    state: RunState
    message: str
    """What it does now: "installing prophet", "cell 3 of 12"."""
    due: str | None
    queued: str
    started: str | None
    ended: str | None
    error: RunError | None
    tables: list[RunTable]
    created_by: str
    notify: bool


@dataclass(frozen=True)
class RunList:
    """Newest first."""

    runs: list[Run]


@dataclass(frozen=True)
class RunQuery:
    schedule: str | None = None
    project: str | None = None
    notebook: str | None = None
    limit: int = 50


@dataclass(frozen=True)
class RunPage:
    """How a page is shown: ``dark`` or ``light``."""

    theme: Literal["light", "dark"] = "light"


@dataclass(frozen=True)
class StartRun:
    """Run a notebook of the followed branch once, without a schedule."""

    project: str
    notebook: str
    cluster: ScheduleCluster | None = None
    parameters: dict[str, ParameterValue] = field(default_factory=dict)
    timeout: int = 6 * 3600


@dataclass(frozen=True)
class RunLogQuery:
    """``tail``: how many bytes from the end."""

    tail: int = 65536


@dataclass(frozen=True)
class RunLog:
    """``truncated``: there was more before it."""

    text: str
    truncated: bool
