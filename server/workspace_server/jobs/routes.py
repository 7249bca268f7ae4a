"""Schedules and runs."""

from __future__ import annotations

from workspace_ext.contract.jobs import (
    CreateSchedule,
    PreviewSchedule,
    Run,
    RunList,
    RunLog,
    RunLogQuery,
    RunPage,
    RunQuery,
    Schedule,
    ScheduleList,
    SchedulePreview,
    ScheduleQuery,
    StartRun,
    UpdateSchedule,
)

from ..kit.http import Content, Request, Route
from .pages import POLICY
from .service import Jobs


def routes(jobs: Jobs) -> list[Route]:
    def schedules(request: Request) -> ScheduleList:
        """Schedules, with a bar for each of their last runs."""
        return ScheduleList(jobs.schedules(request.query))

    def create(request: Request) -> Schedule:
        """Run a notebook of the followed branch regularly."""
        return jobs.create(request.body, request.caller.id)

    def preview(request: Request) -> SchedulePreview:
        """When a schedule would run next, and which commit."""
        return jobs.preview(request.body)

    def schedule(request: Request) -> Schedule:
        """One schedule."""
        return jobs.schedule(request.path["id"])

    def update(request: Request) -> Schedule:
        """Change, pause or resume a schedule."""
        return jobs.update(request.path["id"], request.body)

    def delete(request: Request) -> None:
        """Delete a schedule; its runs stay."""
        jobs.delete(request.path["id"])

    def run_now(request: Request) -> Run:
        """Run a schedule's notebook at once."""
        return jobs.run_now(request.path["id"], request.caller.id)

    def runs(request: Request) -> RunList:
        """Runs, newest first."""
        return RunList(jobs.runs(request.query))

    def start(request: Request) -> Run:
        """Run a notebook of the followed branch once."""
        return jobs.start(request.body, request.caller.id)

    def run(request: Request) -> Run:
        """One run."""
        return jobs.run(request.path["id"])

    def cancel(request: Request) -> Run:
        """Stop a run."""
        return jobs.cancel(request.path["id"])

    def log(request: Request) -> RunLog:
        """The end of a run's log."""
        return jobs.log(request.path["id"], request.query.tail)

    def executed(request: Request) -> Content:
        """The executed notebook as a file."""
        path = jobs.executed(request.path["id"])
        disposition = f'attachment; filename="run-{request.path["id"]}.ipynb"'
        return Content(path.read_bytes(), "application/x-ipynb+json", headers={"Content-Disposition": disposition})

    def html(request: Request) -> Content:
        """The executed notebook as HTML without scripts."""
        return Content(jobs.page(request.path["id"], header=False).encode(), policy=POLICY)

    def page(request: Request) -> Content:
        """The page of a run: provenance and the executed notebook."""
        text = jobs.page(request.path["id"], request.query.theme)
        return Content(text.encode(), policy=POLICY, headers={"Cache-Control": "no-store"})

    return [
        Route("GET", "/schedules", "jobs:read", schedules, query=ScheduleQuery, reply=ScheduleList),
        Route("POST", "/schedules", "jobs:write", create, body=CreateSchedule, reply=Schedule, status=201),
        Route("POST", "/schedules/preview", "jobs:read", preview, body=PreviewSchedule, reply=SchedulePreview),
        Route("GET", "/schedules/{id}", "jobs:read", schedule, reply=Schedule),
        Route("PATCH", "/schedules/{id}", "jobs:write", update, body=UpdateSchedule, reply=Schedule),
        Route("DELETE", "/schedules/{id}", "jobs:write", delete),
        Route("POST", "/schedules/{id}/run", "jobs:run", run_now, reply=Run, status=202),
        Route("GET", "/runs", "jobs:read", runs, query=RunQuery, reply=RunList),
        Route("POST", "/runs", "jobs:run", start, body=StartRun, reply=Run, status=202),
        Route("GET", "/runs/{id}", "jobs:read", run, reply=Run),
        Route("POST", "/runs/{id}/cancel", "jobs:run", cancel, reply=Run),
        Route("GET", "/runs/{id}/log", "jobs:read", log, query=RunLogQuery, reply=RunLog),
        Route("GET", "/runs/{id}/notebook.ipynb", "jobs:read", executed),
        Route("GET", "/runs/{id}/notebook.html", "jobs:read", html),
        Route("GET", "//atrium/runs/{id}", "jobs:read", page, query=RunPage),
    ]
