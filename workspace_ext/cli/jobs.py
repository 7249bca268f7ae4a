"""`atrium jobs <verb>`: notebooks that run regularly."""

from __future__ import annotations

import argparse
import json
import re
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..client import Client, ClientError
from ..contract.jobs import (
    CreateSchedule,
    ParameterValue,
    Run,
    Schedule,
    ScheduleCluster,
    ScheduleList,
    UpdateSchedule,
)
from ..contract.projects import ProjectList


def register(verbs: Any) -> None:
    """Add the room to the command."""
    room = verbs.add_parser("jobs", help="notebooks that run regularly").add_subparsers(
        dest="verb", required=True, metavar="VERB"
    )
    room.add_parser("list", help="every schedule").set_defaults(run=_list)
    add = room.add_parser("add", help="run a notebook of the followed branch regularly")
    add.add_argument("project", help="name or id")
    add.add_argument("notebook", help="its path in the project")
    add.add_argument("--cron", default="0 6 * * 1", help="minute hour day month weekday (default: Monday at 06:00)")
    add.add_argument("--time-zone", default="", help="such as Europe/Amsterdam (default: this machine's)")
    add.add_argument("--name", default="", help="default: the notebook's")
    add.add_argument(
        "--cluster",
        type=cluster_choice,
        help="of each run's own: dask, spark, dask:2, dask:1-4 or, with a GPU for each worker, dask:2:gpu",
    )
    add.add_argument("--parameter", "-p", type=parameter, action="append", default=[], metavar="NAME=VALUE")
    add.add_argument("--timeout", type=int, default=6 * 3600, help="seconds that a run may take (default: 6 hours)")
    add.add_argument("--run-now", action="store_true", help="run it once at once, too")
    add.set_defaults(run=_add)
    for name, what, call in (
        ("run", "run it now", _run),
        ("pause", "fire no more until it is resumed", _pause),
        ("resume", "fire again", _resume),
        ("delete", "forget the schedule; its runs stay", _delete),
    ):
        verb = room.add_parser(name, help=what)
        verb.add_argument("schedule", help="name or id")
        verb.set_defaults(run=call)
        if name == "run":
            verb.add_argument("--wait", action="store_true", help="until it has ended; status 1 unless it succeeded")


def _list(arguments: argparse.Namespace, client: Client) -> Any:
    found = client.call("GET", "/schedules", reply=ScheduleList)
    return found if arguments.json else [_row(schedule) for schedule in found.schedules]


def _row(schedule: Schedule) -> dict[str, str]:
    last = schedule.recent[-1].state if schedule.recent else "never ran"
    return {
        "id": schedule.id,
        "name": schedule.name,
        "notebook": f"{schedule.project_name}/{schedule.notebook}",
        "when": f"{schedule.words} ({schedule.time_zone})",
        "next": schedule.next or ": ".join(filter(None, ("paused", schedule.paused))),
        "last": last,
    }


def _add(arguments: argparse.Namespace, client: Client) -> Schedule:
    wish = CreateSchedule(
        project=project_id(client, arguments.project),
        notebook=arguments.notebook,
        cron=arguments.cron,
        time_zone=arguments.time_zone or local_time_zone(),
        name=arguments.name,
        cluster=arguments.cluster,
        parameters=dict(arguments.parameter),
        timeout=arguments.timeout,
        run_now=arguments.run_now,
    )
    return client.call("POST", "/schedules", wish, Schedule)


def _run(arguments: argparse.Namespace, client: Client) -> Run:
    run = client.call("POST", f"/schedules/{_id(client, arguments.schedule)}/run", reply=Run)
    return wait(client, run) if arguments.wait else run


def wait(client: Client, run: Run) -> Run:
    """The run once it has succeeded.

    Raises
    ------
    ClientError
        It did not.
    """
    while run.state in ("queued", "preparing", "running"):
        time.sleep(0.5)
        run = client.call("GET", f"/runs/{run.id}", reply=Run)
    if run.state != "succeeded":
        message = run.error.message if run.error else f"The run was {run.state}."
        raise ClientError(0, run.state, message, f"`atrium runs log {run.id}` says more.")
    return run


def _pause(arguments: argparse.Namespace, client: Client) -> Schedule:
    return _change(client, arguments.schedule, UpdateSchedule(enabled=False))


def _resume(arguments: argparse.Namespace, client: Client) -> Schedule:
    return _change(client, arguments.schedule, UpdateSchedule(enabled=True))


def _change(client: Client, schedule: str, change: UpdateSchedule) -> Schedule:
    return client.call("PATCH", f"/schedules/{_id(client, schedule)}", change, Schedule)


def _delete(arguments: argparse.Namespace, client: Client) -> str:
    client.call("DELETE", f"/schedules/{_id(client, arguments.schedule)}")
    return f"{arguments.schedule} is deleted; its runs stay."


def _id(client: Client, schedule: str) -> str:
    """The id of the schedule of that name or id."""
    schedules = client.call("GET", "/schedules", reply=ScheduleList).schedules
    found = [one.id for one in schedules if schedule in (one.id, one.name)]
    if len(found) != 1:
        why = f"There is no schedule {schedule!r}." if not found else f"{len(found)} schedules are named {schedule!r}."
        raise ClientError(0, "no_such_schedule", why, "`atrium jobs list` shows their ids.")
    return found[0]


def project_id(client: Client, project: str) -> str:
    """The id of the project of that name or id."""
    for one in client.call("GET", "/projects", reply=ProjectList).projects:
        if project in (one.id, one.name):
            return one.id
    raise ClientError(0, "no_such_project", f"There is no project {project!r}.", "`atrium projects list` shows them.")


def local_time_zone() -> str:
    """This machine's time zone by its name; UTC when it has none."""
    target = Path("/etc/localtime").resolve()
    name = "/".join(target.parts[target.parts.index("zoneinfo") + 1 :]) if "zoneinfo" in target.parts else ""
    if not name and datetime.now(UTC).astimezone().utcoffset():
        raise ClientError(0, "no_time_zone", "This machine's time zone has no name.", "Add --time-zone.")
    return name or "UTC"


def cluster_choice(text: str) -> ScheduleCluster:
    match = re.fullmatch(r"(dask|spark)(?::(\d+)(?:-(\d+))?)?(:gpu)?", text)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not like dask, dask:2, dask:1-4 or dask:2:gpu")
    minimum = int(match[2] or 1)
    kind: Any = match[1]
    maximum = int(match[3] or match[2] or (1 if match[4] else 4))
    return ScheduleCluster(kind, minimum, maximum, maximum if match[4] else 0)


def parameter(text: str) -> tuple[str, ParameterValue]:
    """``n=5`` is a number, ``city="5"`` and ``city=Rome`` are texts, as in JSON."""
    name, given, value = text.partition("=")
    if not given:
        raise argparse.ArgumentTypeError(f"{text!r} is not like name=value")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value
