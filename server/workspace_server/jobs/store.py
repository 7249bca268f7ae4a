"""Tables of the jobs room. The server, the clock and each run use them from processes of their own."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint, delete, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from workspace_ext.contract.jobs import Run, RunError, RunTable, ScheduleCluster

from ..kit.clock import iso
from ..kit.storage import Base, new_id

ACTIVE = ("queued", "preparing", "running")
STARTED = ("preparing", "running")


class ScheduleRow(Base):
    """``since``: fires up to then are nobody's; moved when the schedule is made, changed or resumed."""

    __tablename__ = "schedules"

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str]
    project: Mapped[str] = mapped_column(index=True)
    project_name: Mapped[str]
    branch: Mapped[str]
    notebook: Mapped[str]
    cron: Mapped[str]
    time_zone: Mapped[str]
    cluster: Mapped[str | None]
    parameters: Mapped[str]
    timeout: Mapped[int]
    notify: Mapped[bool]
    enabled: Mapped[bool]
    since: Mapped[str]
    created: Mapped[str]
    created_by: Mapped[str]


class RunRow(Base):
    """``told``: everybody has been told that it ended. The others are as in the contract's ``Run``."""

    __tablename__ = "runs"
    __table_args__ = (Index("ix_runs_queued", "queued"),)

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    schedule: Mapped[str | None] = mapped_column(ForeignKey("schedules.id", ondelete="SET NULL"), index=True)
    name: Mapped[str]
    project: Mapped[str] = mapped_column(index=True)
    project_name: Mapped[str] = mapped_column(default="")
    notebook: Mapped[str]
    branch: Mapped[str] = mapped_column(default="")
    sha: Mapped[str] = mapped_column(default="")
    environment: Mapped[str] = mapped_column(default="")
    cluster: Mapped[str | None]
    parameters: Mapped[str]
    timeout: Mapped[int]
    notify: Mapped[bool]
    created_by: Mapped[str]
    state: Mapped[str] = mapped_column(default="queued", index=True)
    message: Mapped[str] = mapped_column(default="")
    due: Mapped[str | None]
    queued: Mapped[str] = mapped_column(default=iso)
    started: Mapped[str | None]
    ended: Mapped[str | None]
    error: Mapped[str | None]
    tables: Mapped[str] = mapped_column(default="[]")
    cancelling: Mapped[bool] = mapped_column(default=False)
    pid: Mapped[int | None]
    process_started: Mapped[float | None]
    heartbeat: Mapped[int] = mapped_column(default=0)
    told: Mapped[bool] = mapped_column(default=False, index=True)


class Fire(Base):
    """A time at which a schedule was due; whoever inserts the row has claimed it. Times are UTC."""

    __tablename__ = "fires"
    __table_args__ = (UniqueConstraint("schedule", "time", "attempt"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    schedule: Mapped[str] = mapped_column(ForeignKey("schedules.id", ondelete="CASCADE"))
    time: Mapped[str]
    attempt: Mapped[int] = mapped_column(default=1)
    outcome: Mapped[str]
    run: Mapped[str | None]


def pack(value: Any) -> str | None:
    """A dataclass of the contract (or None) as text."""
    return None if value is None else json.dumps(value if isinstance(value, dict | list) else vars(value))


def cluster_of(row: ScheduleRow | RunRow) -> ScheduleCluster | None:
    return ScheduleCluster(**json.loads(row.cluster)) if row.cluster else None


def as_run(row: RunRow) -> Run:
    return Run(
        id=row.id, schedule=row.schedule, name=row.name, project=row.project, project_name=row.project_name,
        notebook=row.notebook, branch=row.branch, commit=row.sha, environment=row.environment,
        cluster=cluster_of(row), parameters=json.loads(row.parameters),
        state=row.state, message=row.message, due=row.due, queued=row.queued, started=row.started, ended=row.ended,  # type: ignore[arg-type]
        error=RunError(**json.loads(row.error)) if row.error else None,
        tables=[RunTable(**table) for table in json.loads(row.tables)],
        created_by=row.created_by, notify=row.notify,
    )  # fmt: skip


def claim(session: Session, schedule: ScheduleRow, time: str) -> RunRow | None:
    """Take the fire, if nobody has, and queue its run unless the one before still goes on. One transaction.

    The insert comes first: it takes the database's write lock, so that what is read afterwards is the present.
    """
    insert = postgresql_insert if session.get_bind().dialect.name == "postgresql" else sqlite_insert
    claimed = session.execute(
        insert(Fire)
        .values(schedule=schedule.id, time=time, attempt=1, outcome="claimed")
        .on_conflict_do_nothing(index_elements=["schedule", "time", "attempt"])
        .returning(Fire.id)
    ).scalar()
    if claimed is None:
        return None
    if active_run(session, schedule.id) is not None:
        session.execute(update(Fire).where(Fire.id == claimed).values(outcome="skipped"))
        return None
    run = queue(session, schedule, time)
    session.execute(update(Fire).where(Fire.id == claimed).values(outcome="run", run=run.id))
    return run


def queue(session: Session, schedule: ScheduleRow, due: str | None, by: str = "") -> RunRow:
    """A run of ``schedule`` that the clock will start."""
    run = RunRow(
        schedule=schedule.id, name=schedule.name, project=schedule.project, project_name=schedule.project_name,
        branch=schedule.branch, notebook=schedule.notebook, cluster=schedule.cluster, parameters=schedule.parameters,
        timeout=schedule.timeout, notify=schedule.notify, created_by=by or schedule.created_by, due=due,
    )  # fmt: skip
    session.add(run)
    session.flush()
    return run


def active_run(session: Session, schedule: str) -> RunRow | None:
    """The run of ``schedule`` that has not ended."""
    return session.scalar(select(RunRow).where(RunRow.schedule == schedule, RunRow.state.in_(ACTIVE)).limit(1))


def finish(session: Session, id: str, state: str, error: RunError | None, **columns: Any) -> bool:
    """Give the run its one terminal state. False when it had one already."""
    result = session.execute(
        update(RunRow)
        .where(RunRow.id == id, RunRow.state.in_(ACTIVE))
        .values(state=state, error=pack(error), ended=iso(), message="", pid=None, **columns)
        .returning(RunRow.id)
    )
    return result.scalar() is not None


def forget_fires(session: Session, schedule: str, keep: int = 500) -> None:
    """Drop the oldest fires of a schedule beyond ``keep``."""
    border = session.scalar(
        select(Fire.time).where(Fire.schedule == schedule).order_by(Fire.time.desc()).offset(keep).limit(1)
    )
    if border is not None:
        session.execute(delete(Fire).where(Fire.schedule == schedule, Fire.time <= border))
