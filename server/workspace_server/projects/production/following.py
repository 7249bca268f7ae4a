"""Production follows a branch of the remote: polled, fetched, published, and only then made the head."""

from __future__ import annotations

import asyncio
import logging
import os
import random
from collections.abc import Callable
from uuid import uuid4

from sqlalchemy import delete, select

from workspace_ext.contract.projects import Because, Production

from ...kit.errors import AtriumError, Conflict, NotFound
from ...kit.events import Events
from ...kit.reconciler import Reconciler
from ..git.publish import TEMPORARY
from ..git.worktrees import remove_tree
from ..places import Places, ProjectFacts
from ..runner import GitRunner
from ..store import LeaseRow, ProjectRow, PublishedRow
from .contents import Contents
from .publications import Compared, Move, Publications

KEPT = 5
log = logging.getLogger(__name__)


class Following:
    """Looks at each remote every ``ATRIUM_POLL_SECONDS`` (60 unless set, with jitter), or at once when told."""

    def __init__(self, places: Places, runner: GitRunner, contents: Contents, events: Events) -> None:
        self._places = places
        self._runner = runner
        self.contents = contents
        self._events = events
        self.publications = Publications(places)
        self._hinted: set[str] = set()
        self._moved: set[str] = set()
        self._callbacks: list[Callable[[Production], None]] = []
        self._reconciler = Reconciler("following", self._reconcile)
        self._seconds = float(os.environ.get("ATRIUM_POLL_SECONDS", "60"))

    def add(self, project_id: str, hinted: bool = False) -> None:
        """Look soon; ``hinted``: because a webhook said that it is worth it. On the event loop."""
        if hinted:
            self._hinted.add(project_id)
        self._reconciler.add(project_id)

    def on_production(self, callback: Callable[[Production], None]) -> None:
        """Call ``callback`` on the loop after each change of a project's production."""
        self._callbacks.append(callback)

    async def close(self) -> None:
        await self._reconciler.close()

    async def _reconcile(self, project_id: str) -> float | None:
        try:
            project = await asyncio.to_thread(self._places.get, project_id)
        except NotFound:
            return None
        if project.archived:
            return None
        hinted = project_id in self._hinted
        self._hinted.discard(project_id)
        await self.follow(project, "webhook" if hinted else "polled")
        return self._seconds * random.uniform(0.8, 1.2)

    async def follow(self, project: ProjectFacts, because: Because, by: str = "") -> Production | None:
        """Look now, publish what is new; the production afterwards. Trouble is recorded, not raised.

        ``because`` and ``by`` (a person's id) go into the history if something is published.
        """
        try:
            ready = ""
            while True:
                async with self._runner.lock(project, "remote"):
                    # Read anew: another branch may be followed since this began to wait.
                    project = await asyncio.to_thread(self._places.get, project.id)
                    wanted = await self._follow(project, because, by, ready)
                if not wanted:
                    break
                await self.contents.fetch(project, wanted)
                ready = wanted
            if project.id in self._moved:
                self._moved.discard(project.id)
                await self.contents.submodules.follow(project, project.followed_branch)
            await asyncio.to_thread(self._record, project, None)
        except AtriumError as error:
            log.warning("following %s of %s: %s", project.followed_branch, project.name, error)
            await asyncio.to_thread(self._record, project, error)
        return await asyncio.to_thread(self._places.production, project.id)

    async def _follow(self, project: ProjectFacts, because: Because, by: str, ready: str) -> str:
        """Publish what is new; or, where something of it has to be fetched first, only which commit that is.
        ``ready``: of this one everything is here."""
        remote = await self._runner.remote(project, "git.remote:fetch")
        if remote["changed"]:
            self._events.publish("projects", project.id, "changed")
        sha = remote["heads"].get(project.followed_branch)
        default = remote["default"]
        if default and default != project.default_branch:
            await asyncio.to_thread(self._set_default, project.id, default)
        if not remote["heads"]:
            raise Conflict(
                "remote_empty", "Nobody has pushed anything to the remote yet.",
                f"Push {project.followed_branch}; then there is something to publish.",
            )  # fmt: skip
        if sha is None:
            raise NotFound(
                "branch_gone",
                f"The remote has no branch {project.followed_branch!r} any more.",
                f"Production stays as it was. Follow {default}, the remote's default branch, or push this one again.",
            )
        before = await asyncio.to_thread(self._places.production, project.id)
        pinned = before is not None and before.pin is not None
        publishing = before.sha if before is not None and pinned else sha
        if ready != publishing and await self.contents.missing(project, publishing, before):
            return publishing
        if before is not None and pinned:
            await self._compare(project, before.sha, sha)
        elif before is None or before.sha != sha or before.branch != project.followed_branch:
            await self.publish(project, sha)
            same_branch = before is not None and before.branch == project.followed_branch
            step = await self._runner.read(
                project, "git.history:compare", old=before.sha if before and same_branch else "", new=sha
            )
            forced: bool = step["rewritten"]
            why: Because = because if before else "cloned"
            move = Move(sha, project.followed_branch, why, by, summary=step["summary"], forced=forced)
            if await asyncio.to_thread(self.publications.move, project.id, before.sha if before else None, move):
                await self.announce(project)
                if forced:
                    self._warn_rewritten(project)
        if before is not None and ready == before.sha:
            await self.publish(project, ready)  # with the submodules that were let in since
        await self._bring_along(project)
        return ""

    async def publish(self, project: ProjectFacts, sha: str) -> None:
        """Have ``production/<sha>`` there, with large files and submodules, which are here: a run needs them.
        Production does not change."""
        await self._runner.read(
            project, "git.publish:publish", sha=sha, production=str(self._places.home.production),
            submodules=await self.contents.submodules.paths(project, sha),
        )  # fmt: skip

    async def _compare(self, project: ProjectFacts, pinned: str, head: str) -> None:
        """Know how far pinned production is behind."""
        known = await asyncio.to_thread(self.publications.pin_compared, project.id)
        if known is None or known.head == head:
            return
        beside = await self._runner.read(project, "git.history:compare", old=pinned, new=head)
        compared = Compared(head, beside["behind"], beside["rewritten"])
        await asyncio.to_thread(self.publications.compare_pin, project.id, compared)
        self._events.publish("projects", project.id, "changed")
        if compared.rewritten and not known.rewritten:
            self._warn_rewritten(project)

    def _warn_rewritten(self, project: ProjectFacts) -> None:
        log.warning(
            "%s of %s was rewritten: commits of production are gone from it", project.followed_branch, project.name
        )
        self._events.publish("projects", project.id, "rewritten")

    async def announce(self, project: ProjectFacts) -> None:
        """Tell everybody that production has changed."""
        production = await asyncio.to_thread(self._places.production, project.id)
        assert production is not None
        log.info("production of %s is %s", project.name, production.sha[:7])
        self._events.publish("projects", project.id, "production")
        for callback in self._callbacks:
            try:
                callback(production)
            except Exception:
                log.exception("after production changed")
        await asyncio.to_thread(self.collect, project.id)

    async def _bring_along(self, project: ProjectFacts) -> None:
        """Fast-forward the followed branch's worktree here when nobody could mind; else it shows as behind."""
        branch = project.followed_branch
        tree = await asyncio.to_thread(self._places.worktree, project.id, branch)
        if tree is None:
            return
        async with self._runner.lock(project, "trees"):
            try:
                coming = await self._runner.read(project, "git.merge:incoming", branch=branch)
            except AtriumError:
                return
            open_here = self._runner.documents.open_in(tree)
            if not coming["paths"] or coming["edited"] or any(path in open_here for path in coming["paths"]):
                return
            try:
                await self.contents.submodules.make_room(project, branch, branch)
            except AtriumError:
                return
            await self._runner.change(project, "git.merge:fast_forward", branch=branch, sha=coming["sha"])
        self._moved.add(project.id)
        self._events.publish("projects", project.id, "changed")

    def _set_default(self, project_id: str, branch: str) -> None:
        with self._places.storage.session() as session:
            session.get_one(ProjectRow, project_id).default_branch = branch

    def _record(self, project: ProjectFacts, error: AtriumError | None) -> None:
        code, message, hint = (error.code, error.message, error.hint) if error else (None, None, None)
        with self._places.storage.session() as session:
            row = session.get(ProjectRow, project.id)
            if row is None or (row.problem_code, row.problem_message) == (code, message):
                return
            row.problem_code, row.problem_message, row.problem_hint = code, message, hint
        self._events.publish("projects", project.id, "branch-gone" if code == "branch_gone" else "changed")

    def collect(self, project_id: str | None = None) -> None:
        """Remove published folders that nothing needs: beyond a project's last few, without a lease.

        Without a project, also those that no project knows (at the start, before anything is being published).
        """
        production = self._places.home.production
        leaving = []
        with self._places.storage.session() as session:
            # Written first: whoever wants a lease from here on waits until the folders are out of sight.
            session.execute(delete(LeaseRow).where(LeaseRow.holder == ""))
            needed = set(session.scalars(select(LeaseRow.sha)))
            needed |= set(session.scalars(select(ProjectRow.production_sha)))
            for one in session.scalars(select(ProjectRow.id)).all():
                rows = session.scalars(
                    select(PublishedRow).where(PublishedRow.project_id == one).order_by(PublishedRow.published.desc())
                ).all()
                needed |= {row.sha for row in rows[:KEPT]}
            gone = set(session.scalars(select(PublishedRow.sha))) - needed
            if project_id is None:
                gone |= {path.name for path in production.iterdir()} - needed
            session.execute(delete(PublishedRow).where(PublishedRow.sha.in_(gone)))
            for sha in gone:
                aside = production / f"{TEMPORARY}{uuid4().hex[:12]}"
                try:
                    (production / sha).rename(aside)
                except FileNotFoundError:
                    continue
                leaving.append(aside)
        for folder in leaving:
            remove_tree(folder)
