"""Sends git work to worker processes: which repository, whose name, which protocols, one change of a kind at a time."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from workspace_ext.contract.access import Person

from ..access.service import Access
from ..kit.errors import AtriumError, Unavailable
from ..kit.home import Home
from ..kit.processes import Report, Workers
from .credentials.service import Credentials, Holder
from .git.errors import host_of
from .git.submodules import directory_of
from .names import allowed_remotes, protocols_for
from .places import ProjectFacts
from .ports import NobodyHasAnythingOpen, OpenDocuments
from .reach import held_to, named_by_operator

Part = Literal["trees", "remote", "large files", "submodules"]
LOCKS = ("*.lock", "worktrees/*/*.lock", "refs/**/*.lock")
# What a stopped fetch leaves, which on a full disk leaves no room for anything else; by the function's module.
LEFT = {
    "git.lfs": ("lfs/tmp/*",),
    "git.submodules": ("*.lock", "refs/**/*.lock", "objects/pack/tmp_*"),
}


class GitRunner:
    """``documents`` is the port to the documents room; app.py replaces it."""

    def __init__(self, home: Home, workers: Workers, access: Access, credentials: Credentials) -> None:
        self._home = home
        self._workers = workers
        self._access = access
        self._credentials = credentials
        self._locks: defaultdict[tuple[str, Part], asyncio.Lock] = defaultdict(asyncio.Lock)
        self.documents: OpenDocuments = NobodyHasAnythingOpen()

    def lock(self, project: ProjectFacts, part: Part) -> asyncio.Lock:
        """``trees``: whoever changes files or branches here. ``remote``: whoever fetches, pushes, publishes.
        ``large files``, ``submodules``: whoever fetches those, which may take hours; nobody holds another meanwhile.
        Who needs several takes ``remote`` first and ``trees`` last."""
        return self._locks[project.id, part]

    def protocols(self, url: str) -> str:
        """What git may speak to ``url``; raises Invalid for an address that is not allowed here."""
        return protocols_for(url, allowed_remotes(self._home.settings))

    def _reach(self, url: str) -> dict[str, Any]:
        """How git, and what asks its host, is kept out of the network around this server. SSH goes to hosts alone whose
        keys the operator has added."""
        if urlsplit(url).scheme != "https" or named_by_operator(url, allowed_remotes(self._home.settings)):
            return {"inside": True}
        return {"held_to": held_to(url)}

    def own(self, url: str) -> bool:
        """Whether the remote is one that this workspace keeps itself, for a project without any other."""
        return url.startswith(f"{self._home.remotes.as_uri()}/")

    def author(self, person: str) -> tuple[str, str]:
        """Name and e-mail of a person (by id) in commits."""
        known = self._access.person(person)
        name = "".join(char for char in known.display_name if char not in "<>\n\r\0").strip() or known.name
        return name, f"{known.name}@atrium.local"

    def person_named(self, name: str) -> Person:
        """Somebody, by what they sign in with."""
        return self._access.by_name(name)

    async def read(self, project: ProjectFacts, function: str, **arguments: Any) -> Any:
        """Ask a worker something that changes nothing and needs no network."""
        return await self._call(self._repository(project), function, arguments, 120)

    async def change(
        self,
        project: ProjectFacts,
        function: str,
        person: str = "",
        on_progress: Report | None = None,
        timeout: float = 600,
        **arguments: Any,
    ) -> Any:
        """Have a worker change something here, on behalf of ``person``; what it locked is unlocked if it is stopped."""
        started = time.time()
        try:
            return await self._call(self._repository(project, person), function, arguments, timeout, on_progress)
        except (asyncio.CancelledError, AtriumError):
            await asyncio.to_thread(_unlock, project.git, started, LOCKS)
            raise

    @asynccontextmanager
    async def changing(self, project: ProjectFacts, tree: Path | None) -> AsyncIterator[None]:
        """Hold what people have open in a worktree while its files change, see :mod:`.git.integrate`. Where that is
        cancelled, or killed, what it had written goes back before anybody sees it."""
        async with self.documents.changing(tree) if tree is not None else nullcontext():
            try:
                yield
            except BaseException:
                await asyncio.shield(self.change(project, "git.integrate:recover_all"))
                raise

    async def change_files(
        self, project: ProjectFacts, tree: Path | None, function: str, person: str = "", **arguments: Any
    ) -> Any:
        """Have a worker change files of a worktree beneath documents that may be open."""
        async with self.lock(project, "trees"), self.changing(project, tree):
            return await self.change(project, function, person, **arguments)

    async def remote(
        self,
        project: ProjectFacts,
        function: str,
        person: str = "",
        on_progress: Report | None = None,
        timeout: float = 600,
        **arguments: Any,
    ) -> Any:
        """Have a worker talk to the project's remote, with ``person``'s credential; without a person, with its own."""
        repository = self._repository(project, person)
        own = self.own(project.url)
        repository["protocols"] = "file" if own else await asyncio.to_thread(self.protocols, project.url)
        return await self._remote(repository, project, function, person, arguments, timeout, on_progress)

    async def submodule(
        self,
        project: ProjectFacts,
        url: str,
        function: str,
        person: str = "",
        on_progress: Report | None = None,
        timeout: float = 600,
        **arguments: Any,
    ) -> Any:
        """Have a worker talk to the remote of a submodule, whose git directory the function is given. The credential
        is one for that very host, as ever."""
        repository = self._repository(project, person)
        repository |= {
            "directory": str(directory_of(project.git, url)), "url": url,
            "protocols": await asyncio.to_thread(self.protocols, url),
        }  # fmt: skip
        return await self._remote(repository, project, function, person, arguments, timeout, on_progress)

    async def _remote(
        self,
        repository: dict[str, Any],
        project: ProjectFacts,
        function: str,
        person: str,
        arguments: dict[str, Any],
        timeout: float,
        on_progress: Report | None,
    ) -> Any:
        holder = Holder(person) if person else Holder(project=project)
        started = time.time()
        try:
            async with self._signed_in(repository, holder):
                return await self._call(repository, function, arguments, timeout, on_progress)
        except (asyncio.CancelledError, AtriumError) as error:
            # Of two at once, neither removes what is the other's.
            left = LEFT.get(function.partition(":")[0], (*LOCKS, "objects/pack/tmp_*"))
            await asyncio.to_thread(_unlock, Path(repository["directory"]), started, left)
            if isinstance(error, AtriumError) and error.code == "timed_out":
                raise silent(repository["url"], timeout) from None
            raise

    async def host(self, function: str, person: str, origin: str, timeout: float = 60, **arguments: Any) -> Any:
        """Have a worker ask the API of a git host, whose pages are at ``origin``, as ``person`` there."""
        repository = self._nowhere(f"{origin}/", "")
        try:
            async with self._signed_in(repository, Holder(person)):
                return await self._call(repository, function, arguments, timeout)
        except AtriumError as error:
            raise (silent(origin, timeout) if error.code == "timed_out" else error) from None

    def _repository(self, project: ProjectFacts, person: str = "") -> dict[str, Any]:
        repository: dict[str, Any] = {
            "directory": str(project.git),
            "home": str(self._home.cache / "git-home"),
            "url": project.url,
            "protocols": "",
            "strip_outputs": project.strip_outputs,
        }
        if person:
            repository["author"] = self.author(person)
        return repository

    async def _call(
        self,
        repository: dict[str, Any],
        function: str,
        arguments: dict[str, Any],
        timeout: float | None,
        on_progress: Report | None = None,
    ) -> Any:
        return await self._workers.call(
            f"workspace_server.projects.{function}",
            {"repository": repository, **arguments},
            on_progress=on_progress,
            timeout=timeout,
        )

    async def look(self, url: str, person: str) -> dict[str, Any]:
        """Branches of any repository, as :func:`.git.remote.look` gives them, with ``person``'s credential."""
        repository = await self._abroad(url)
        async with self._signed_in(repository, Holder(person)):
            return await self._look(repository)

    async def clone(
        self,
        url: str,
        staging: Path,
        final: Path,
        final_trees: Path,
        person: str,
        on_progress: Report,
        depth: int = 0,
        folders: list[str] | None = None,
    ) -> dict[str, Any]:
        """Clone into ``staging`` (``repository.git`` and ``trees``), see :func:`.git.remote.clone`."""
        repository = await self._abroad(url, person)
        repository["directory"] = str(staging / "repository.git")
        arguments = {
            "trees": str(staging / "trees"), "final": str(final), "final_trees": str(final_trees), "depth": depth,
            "folders": folders,
        }  # fmt: skip
        async with self._signed_in(repository, Holder(person)):
            # A short look first: a remote that does not answer must not hold the person for minutes.
            await self._look(repository)
            made: dict[str, Any] = await self._call(repository, "git.remote:clone", arguments, None, on_progress)
        return made

    async def begin(
        self, directory: Path, url: str, person: str, on_progress: Report, local: bool = False, **arguments: Any
    ) -> str:
        """Make a repository with a first commit of ``person``'s, see :func:`.git.begin.begin`: that commit.

        ``url``: the template's; ``local``: it is a git directory of this home.
        """
        if local or not url:
            repository = self._nowhere(url, "file", person)
        else:
            repository = await self._abroad(url, person)
        repository["directory"] = str(directory)
        async with self._signed_in(repository, Holder(person)):
            made = await self._call(repository, "git.begin:begin", arguments, 600, on_progress)
        sha: str = made["sha"]
        return sha

    async def push_first(self, directory: Path, url: str, sha: str, person: str, on_progress: Report) -> None:
        """Push a first commit to an empty remote."""
        repository = await self._abroad(url, person)
        repository["directory"] = str(directory)
        async with self._signed_in(repository, Holder(person)):
            await self._call(repository, "git.begin:push", {"sha": sha}, 600, on_progress)

    async def _abroad(self, url: str, person: str = "") -> dict[str, Any]:
        """A repository that is not here (yet)."""
        protocols = "file" if person and self.own(url) else await asyncio.to_thread(self.protocols, url)
        return self._nowhere(url, protocols, person)

    def _nowhere(self, url: str, protocols: str, person: str = "") -> dict[str, Any]:
        git_home = str(self._home.cache / "git-home")
        made: dict[str, Any] = {"directory": git_home, "home": git_home, "url": url, "protocols": protocols}
        if person:
            made["author"] = self.author(person)
        return made

    async def _look(self, repository: dict[str, Any]) -> dict[str, Any]:
        try:
            found: dict[str, Any] = await self._call(repository, "git.remote:look", {}, 60)
        except AtriumError as error:
            raise (silent(repository["url"], 60) if error.code == "timed_out" else error) from None
        return found

    @asynccontextmanager
    async def _signed_in(self, repository: dict[str, Any], holder: Holder) -> AsyncIterator[None]:
        """Let git be ``holder`` on the remote meanwhile. What it is lent is gone afterwards, whatever happened."""
        repository |= await asyncio.to_thread(self._reach, repository["url"])
        lending = asyncio.ensure_future(asyncio.to_thread(self._credentials.lend, holder, repository["url"]))
        try:
            repository["sign_in"] = await asyncio.shield(lending)
            yield
        finally:
            await asyncio.to_thread(self._credentials.take_back, await lending)


def silent(url: str, seconds: float) -> Unavailable:
    return Unavailable(
        "unreachable",
        f"{host_of(url) or 'The remote'} did not answer within {seconds:.0f} s.",
        "Check the address and the network, then try again.",
    )


def _unlock(directory: Path, since: float, patterns: Iterable[str]) -> None:
    """Remove the lock files, and others, that a stopped process of ours left: those made since it started."""
    for pattern in patterns:
        for lock in directory.glob(pattern):
            try:
                if lock.stat().st_mtime >= since:
                    lock.unlink()
            except FileNotFoundError:
                continue
