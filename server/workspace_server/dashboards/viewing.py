"""What viewers see and ask: the snapshot, what differs from it for other choices, and that there is a newer one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import msgspec

from workspace_ext.contract.dashboards import Answer, AnswerTile, DashboardView, Output, Provenance, Tile, Widget

from ..environments.service import Environments
from ..kit.errors import Forbidden, NotFound, Unavailable
from ..kit.events import Events
from ..kit.home import Home
from ..kit.http import Caller
from ..tables.service import Tables
from . import answers as asked
from . import sanitise, snapshot
from .answers import Answers
from .kernels import Kernels, Launch, Work
from .links import Links
from .shelf import Opened, Shelf
from .slices import Slice, words

ROOM = "dashboards"
HEARTBEAT = 15.0


class Viewing:
    """The reading side of the dashboards room, open to people and to links."""

    def __init__(
        self, home: Home, events: Events, tables: Tables, environments: Environments, shelf: Shelf, links: Links
    ) -> None:
        self._home = home
        self._events = events
        self._tables = tables
        self._environments = environments
        self._shelf = shelf
        self._links = links
        self._answers = Answers(home.cache / "dashboards")
        self._computing: dict[tuple[str, str], asyncio.Task[Answer]] = {}
        self.kernels = Kernels(home)

    async def start(self) -> None:
        await self.kernels.start()

    async def close(self) -> None:
        """End what computes, and every kernel."""
        for task in list(self._computing.values()):
            task.cancel()
        await asyncio.gather(*self._computing.values(), return_exceptions=True)
        await self.kernels.close()

    def forget(self, dashboard: str) -> None:
        """The dashboard is gone."""
        self._answers.forget(dashboard)

    def view(self, slug: str, caller: Caller) -> DashboardView:
        """The page. Somebody with a link sees what is shown and nothing about how it came to be. Called in threads."""
        opened = self._opened(slug, caller)
        editable = caller.kind == "person"
        taken, slices = opened.snapshot, opened.slices
        parts = {part.id: part for part in taken.parts}
        tiles = []
        for place in opened.layout.tiles:
            part = parts.get(place.id)
            if part is None or (place.hidden and not editable):
                continue
            follows = [] if part.is_text else sorted(slices.follows(place.id))
            fixed = self._fixed(opened, place.id) if follows else ""
            if fixed and not editable:
                fixed = "These numbers are those of the last run, whatever is chosen."
            outputs = [_drawn(output, taken.plotly) for output in part.outputs]
            title = place.title or part.title
            tiles.append(Tile(place.id, title, place.width, place.hidden, outputs, follows, fixed))
        live = {name for tile in tiles if not tile.fixed and not tile.hidden for name in tile.follows}
        widgets = [Widget(**widget, live=widget["name"] in live) for widget in taken.widgets]
        from_ = taken.provenance
        return DashboardView(
            id=opened.dashboard.id, slug=opened.dashboard.slug, title=opened.layout.title, lead=taken.lead,
            snapshot=taken.id, widgets=widgets, tiles=tiles, editable=editable,
            provenance=from_ if editable else Provenance(from_.source, from_.as_of, from_.seconds, from_.sha),
            notes=self._notes(opened, tiles) if editable else [],
        )  # fmt: skip

    async def watch(self, slug: str, caller: Caller) -> AsyncIterator[bytes]:
        """Server-sent events ``snapshot`` and ``gone`` of one dashboard."""
        dashboard = (await asyncio.to_thread(self._opened, slug, caller)).dashboard
        return self._watch(dashboard.id, caller)

    async def _watch(self, id: str, caller: Caller) -> AsyncIterator[bytes]:
        with self._events.queue() as queue:
            yield b": hello\n\n"
            while True:
                try:
                    event = await asyncio.wait_for(queue.get(), HEARTBEAT)
                except TimeoutError:
                    event = None
                if caller.kind == "link" and not self._links.works(caller.id):
                    yield b"event: gone\ndata: {}\n\n"
                    return
                if event is None:
                    yield b": still here\n\n"
                elif (event.room, event.id) == (ROOM, id) and event.action in ("snapshot", "arranged", "deleted"):
                    yield f"event: {event.action}\ndata: {json.dumps({'version': event.version})}\n\n".encode()

    async def answer(self, slug: str, values: dict[str, Any], caller: Caller) -> Answer:
        """What differs from the snapshot when the widgets have these values: known, being computed, or computed now.

        Raises
        ------
        NotAChoice
            A value that the snapshot does not offer.
        CellFailed, TooSlow, Busy
        """
        opened = await asyncio.to_thread(self._opened, slug, caller)
        taken = opened.snapshot
        chosen = asked.choose(taken.widgets, values)
        before = {widget["name"]: widget["value"] for widget in taken.widgets}
        changed = {name for name in chosen if chosen[name] != before[name] and name in opened.slices.widgets}
        part = opened.slices.of(changed, opened.visible) if changed else None
        if part is None or not part.show:
            return Answer(taken.id, chosen, [], 0.0, True)
        id = opened.dashboard.id
        key = await asyncio.to_thread(self._key, opened, part, chosen)
        if (content := await asyncio.to_thread(self._answers.get, id, key)) is not None:
            return replace(msgspec.json.decode(content, type=Answer), snapshot=taken.id, values=chosen, cached=True)
        task = self._computing.get((id, key))
        if task is None:
            task = self._computing[id, key] = asyncio.create_task(self._compute(opened, part, chosen))
            task.add_done_callback(lambda done: self._computed(id, key, done))
        # Whoever goes away does not take the answer from the others.
        return await asyncio.shield(task)

    def _computed(self, id: str, key: str, done: asyncio.Task[Answer]) -> None:
        del self._computing[id, key]
        if not done.cancelled():
            done.exception()

    async def _compute(self, opened: Opened, part: Slice, chosen: dict[str, Any]) -> Answer:
        id, taken = opened.dashboard.id, opened.snapshot
        sources = {cell.id: cell.source for cell in taken.code}
        work = Work([(cell, sources[cell]) for cell in part.run], frozenset(part.show), chosen)
        result = await self.kernels.run(id, await self._launch(opened), work)
        tiles = [AnswerTile(cell, _safe(result.outputs.get(cell, []), taken.plotly)) for cell in part.show]
        answer = Answer(taken.id, chosen, tiles, result.seconds, False)
        await asyncio.to_thread(self._answers.saw, id, part.digest, result.tables)
        key = await asyncio.to_thread(self._key, opened, part, chosen)
        await asyncio.to_thread(self._answers.put, id, key, msgspec.json.encode(answer))
        return answer

    async def _launch(self, opened: Opened) -> Launch:
        """How this dashboard's kernel starts: its environment, its code, tables that it can only read, no token."""
        taken, dashboard = opened.snapshot, opened.dashboard
        if taken.declared:
            declaration = await asyncio.to_thread(self._environments.of_notebook, taken.declared)
            environment = await self._environments.ensure(declaration)
        else:
            try:
                environment = await asyncio.to_thread(self._environments.restore, taken.provenance.environment)
            except NotFound:
                raise Unavailable(
                    "no_environment", "The environment of the last run is no longer there.",
                    "The numbers of the last run still hold; the next run makes it again.",
                ) from None  # fmt: skip
        told = {
            "PATH": f"{environment.python.parent}:/usr/local/bin:/usr/bin:/bin",
            "PYTHONPATH": str(await asyncio.to_thread(self._environments.runtime)),
            "VIRTUAL_ENV": str(environment.folder),
            "ATRIUM_TABLES": str(self._home.tables_main),
            "ATRIUM_TABLES_READONLY": "1",
            "ATRIUM_NOTEBOOK": dashboard.notebook,
            "ATRIUM_PROJECT": dashboard.project_name,
            "ATRIUM_BRANCH": taken.provenance.branch,
            "ATRIUM_COMMIT": taken.provenance.sha,
        }
        return Launch(
            environment.python, snapshot.folder_of(taken), {name: value for name, value in told.items() if value}
        )

    def _key(self, opened: Opened, part: Slice, chosen: dict[str, Any]) -> str:
        taken = opened.snapshot
        named = words(part.text) | self._answers.tables(opened.dashboard.id, part.digest)
        versions = self._tables.versions(named)
        running = {cell.id for cell in taken.code if cell.id in part.run}
        values = {name: chosen[name] for cell in taken.code if cell.id in running for name in cell.widgets}
        return asked.key(
            taken.provenance.sha or taken.digest, taken.provenance.environment, part.digest, values, versions
        )

    def _opened(self, slug: str, caller: Caller) -> Opened:
        if caller.kind == "link" and slug != caller.scope:
            # Whether another dashboard exists is not theirs to know either.
            refused = Forbidden("not_allowed", "This link is for another dashboard.", "Ask whoever sent it.")
            try:
                opened = self._shelf.open(slug)
            except NotFound:
                raise refused from None
            if opened.dashboard.id != caller.scope:
                raise refused
            return opened
        return self._shelf.open(slug)

    def _fixed(self, opened: Opened, cell: str) -> str:
        if not opened.snapshot.folder:
            return "The commit of the last run is no longer there, so that nothing can be computed until the next run."
        return opened.slices.fixed(cell)

    def _notes(self, opened: Opened, tiles: list[Tile]) -> list[str]:
        """What those who arrange it should know before they share it."""
        notes = []
        if opened.snapshot.provenance.source == "notebook":
            branch = opened.snapshot.provenance.branch
            where = f" on {branch}" if branch else ""
            notes.append(
                f"These are the notebook's outputs as saved{where}, because no run of it has succeeded yet. "
                "Schedule it, and the dashboard shows each run."
            )
        for tile in tiles:
            if tile.fixed and not tile.hidden:
                notes.append(f"“{tile.title or 'A tile'}” stays as the last run left it. {tile.fixed}")
        seconds = {cell.id: cell.seconds for cell in opened.snapshot.code}
        for widget in opened.snapshot.widgets:
            part = opened.slices.of([widget["name"]], opened.visible)
            took = sum(seconds[cell] for cell in part.run)
            if part.show and took > 20:
                notes.append(f"Choosing {widget['label']} re-runs {len(part.run)} cells, about {took:.0f} s each time.")
        return notes


def _safe(raw: list[dict[str, Any]], plotly: str) -> list[Output]:
    outputs = snapshot.together([safe for each in raw if (safe := sanitise.output(each)) is not None])
    return [_drawn(output, plotly) for output in outputs]


def _drawn(output: Output, plotly: str) -> Output:
    return replace(output, plotly=plotly) if output.kind == "plotly" else output
