"""Credentials of people and of projects: who signs in as whom, where nobody does, and that no secret comes out."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

from tests.fakes.remotes import Guard, Remote, allow, git, notebook, slow_http
from workspace_ext.contract.credentials import KeepCredential, KeepServiceCredential
from workspace_ext.contract.projects import CreateBranch
from workspace_server.projects.credentials.service import Holder
from workspace_server.projects.origins import origin_of
from workspace_server.projects.store import CredentialRow

from .conftest import Room
from .refusals import ANA, BO, SERVICE, refused


@pytest.fixture
def guard() -> Guard:
    return Guard({"ana": ANA, "bo": BO, "service": SERVICE})


@pytest.fixture
def url(room: Room, remote: Remote, guard: Guard) -> Iterator[str]:
    """The remote, over HTTP, for those who sign in."""
    with slow_http(remote.path.parent, guard=guard) as base:
        git(remote.path, "config", "http.receivepack", "true")
        address = f"{base}/forecast.git"
        allow(room.home.path, address)
        yield address


def keep(room: Room, url: str, who: str = "ana", secret: str = ANA) -> str:
    person = room.ana if who == "ana" else room.bo
    return room.projects.credentials.keep(person.id, KeepCredential(url, "token", secret, who)).id


def lent(room: Room) -> list[Path]:
    """Files of secrets that are there now."""
    return [path for path in (room.home.run / "sign-ins").rglob("*") if path.is_file()]


async def test_clone_push_and_pull_as_oneself(room: Room, remote: Remote, url: str, guard: Guard) -> None:
    with refused("authentication_needed", "127.0.0.1", "Projects → Credentials"):
        await room.clone(url)
    assert (list(room.home.git.iterdir()), list(room.home.projects.iterdir())) == ([], [])
    keep(room, url)
    project = await room.clone(url)
    branches = room.projects.branches
    await branches.create(project.id, CreateBranch("weekly"), room.ana.id)
    (room.tree(project, "weekly") / "forecast.ipynb").write_text(notebook("x = 1"))
    await branches.commit(project.id, "weekly", ["forecast.ipynb"], "Edit", "", room.ana.id)
    await room.ended(await branches.push(project.id, "weekly", room.ana.id))
    assert remote.head("weekly")
    assert (await branches.review(project.id, "weekly", room.ana.id)).unpushed == 0
    await room.ended(await branches.merge(project.id, "weekly", "", room.ana.id))
    assert git(remote.path, "log", "-1", "--format=%s", "main") == "Merge weekly"
    assert set(guard.let_in) == {"ana"}
    assert not guard.refused
    (kept,) = room.projects.credentials.listed(Holder(room.ana.id))
    assert kept.last_used
    assert lent(room) == []
    config = (room.projects.get(project.id).git / "config").read_text()
    assert "ghp_" not in config
    assert "credential" not in config


async def test_nobodys_token_serves_anybody_else(room: Room, url: str, guard: Guard) -> None:
    keep(room, url)
    project = await room.clone(url)
    branches = room.projects.branches
    await branches.create(project.id, CreateBranch("bos"), room.bo.id)
    guard.let_in.clear()
    with refused("authentication_needed", "Add a token"):
        await room.ended(await branches.push(project.id, "bos", room.bo.id))
    with refused("authentication_needed"):
        await branches.review(project.id, "bos", room.bo.id)
    with refused("authentication_needed"):
        await room.ended(await room.projects.clone(url, "again", room.bo.id))
    assert not guard.let_in
    keep(room, url, "bo", BO)
    await room.ended(await branches.push(project.id, "bos", room.bo.id))
    assert set(guard.let_in) == {"bo"}
    assert not guard.refused


async def test_following_uses_the_projects_own_only(room: Room, remote: Remote, url: str, guard: Guard) -> None:
    keep(room, url)
    project = await room.clone(url)
    guard.let_in.clear()
    # Ana asks for it, and still it is not Ana who looks.
    described = await room.projects.look(project.id, room.ana.id)
    assert described.problem is not None
    assert described.problem.code == "authentication_needed"
    assert "forecast has nothing to be followed with" in described.problem.message
    assert not guard.let_in
    assert described.production is None

    facts = room.projects.get(project.id)
    wish = KeepServiceCredential("token", SERVICE, "service")
    room.projects.credentials.keep_service(facts, wish)
    sha = remote.push({"a.txt": "a"})
    described = await room.projects.look(project.id, room.ana.id)
    assert described.problem is None
    assert described.production is not None
    assert described.production.sha == sha
    assert set(guard.let_in) == {"service"}

    guard.tokens["service"] = "renewed"
    remote.push({"a.txt": "b"})
    described = await room.projects.look(project.id)
    assert described.problem is not None
    assert described.problem.code == "authentication_refused"
    assert "with which forecast is followed" in described.problem.message
    assert described.production is not None
    assert described.production.sha == sha
    guard.tokens["service"] = SERVICE

    # Nor does a person ever use the project's.
    guard.let_in.clear()
    with refused("authentication_needed"):
        await room.ended(await room.projects.branches.push(project.id, "main", room.bo.id))
    assert not guard.let_in
    await room.projects.lives.delete(project.id, "forecast", True, room.ana.id)
    with room.projects.storage.session() as session:
        assert [row.holder for row in session.query(CredentialRow)] == [f"person {room.ana.id}"]


async def test_a_token_that_expires_says_so_and_leaves_nothing(
    room: Room, remote: Remote, url: str, guard: Guard
) -> None:
    keep(room, url)
    # After so many requests, so at each step of the clone.
    for requests in range(4):
        guard.left = requests
        with refused("authentication_refused", "The token you keep for 127.0.0.1", "(HTTP 401)", "Replace it"):
            await room.clone(url)
        assert (list(room.home.git.iterdir()), list(room.home.projects.iterdir())) == ([], [])
        assert lent(room) == []
    guard.left = None
    project = await room.clone(url)
    (room.tree(project) / "README.md").write_text("mine")
    await room.projects.branches.commit(project.id, "main", ["README.md"], "Mine", "", room.ana.id)
    before = remote.head()
    for requests in range(2):
        guard.left = requests
        with refused("authentication_refused", "(HTTP 401)"):
            await room.ended(await room.projects.branches.push(project.id, "main", room.ana.id))
        assert remote.head() == before
    guard.left = None
    guard.forbidden.add("ana")
    with refused("authentication_refused", "(HTTP 403)", "may not be allowed"):
        await room.ended(await room.projects.branches.push(project.id, "main", room.ana.id))
    guard.forbidden.clear()
    guard.tokens["ana"] = "renewed"
    keep(room, url, secret="renewed")
    await room.ended(await room.projects.branches.push(project.id, "main", room.ana.id))
    assert remote.head() == git(room.tree(project), "rev-parse", "HEAD")


async def test_another_host_gets_nothing(room: Room, remote: Remote, url: str, guard: Guard) -> None:
    keep(room, url)
    eve = Guard({"eve": "nobody has it"})
    with slow_http(remote.path.parent, guard=eve) as elsewhere:
        other = f"{elsewhere}/forecast.git"
        allow(room.home.path, url, other, url.replace("127.0.0.1", "localhost"))
        with refused("authentication_needed"):
            await room.clone(other)
        with refused("authentication_needed"):
            await room.clone(url.replace("127.0.0.1", "localhost"))
        with refused("other_host"):
            (kept,) = room.projects.credentials.listed(Holder(room.ana.id))
            await room.projects.try_credential(room.ana.id, kept.id, other)
        # A redirection there carries nothing along either.
        guard.moved = elsewhere
        with refused("moved"):
            await room.clone(url)
        guard.moved = ""
        # Nor does a config that rewrites the address, or that names a helper to be told what worked.
        project = await room.clone(url)
        told = room.home.path / "told"
        config = room.projects.get(project.id).git / "config"
        base = url.rpartition("/")[0]
        with config.open("a") as file:
            file.write(
                f'[credential "{base}"]\n helper = "!cat >> {told}; true"\n[credential]\n helper = "!cat >> {told}"\n'
            )
        await room.projects.branches.review(project.id, "main", room.ana.id)
        assert not told.exists()
        with config.open("a") as file:
            file.write(f'[url "{elsewhere}/"]\n insteadOf = {base}/\n')
        with refused("authentication_needed"):
            await room.ended(await room.projects.branches.push(project.id, "main", room.ana.id))
        assert not eve.seen
        assert not told.exists()


async def test_at_rest_and_while_it_is_lent(room: Room, url: str, tmp_path: Path) -> None:
    id = keep(room, url)
    credentials = room.projects.credentials
    key = room.home.secrets / "credentials.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    for path in room.home.path.glob("atrium.db*"):
        assert ANA.encode() not in path.read_bytes()
    holder = Holder(room.ana.id)
    told = credentials.lend(holder, url)
    (file,) = lent(room)
    assert ANA not in str(told)
    assert str(file) == told["file"]
    assert [stat.S_IMODE(path.stat().st_mode) for path in (file, *file.parents[:2])] == [0o600, 0o700, 0o700]
    # A server that was killed now leaves it; the next start does not.
    await room.projects.start()
    assert lent(room) == []
    credentials.take_back(told)

    (listed,) = credentials.listed(holder)
    assert (listed.id, listed.host, listed.user, listed.kind) == (id, origin_of(url), "ana", "token")
    assert len(listed.fingerprint) == 4
    assert ANA not in str(asdict(listed))
    assert credentials.listed(Holder(room.bo.id)) == []
    with refused("no_such_credential"):
        credentials.delete(room.bo.id, id)

    # A row that somebody copies to another person, or host, opens nothing.
    with room.projects.storage.session() as session:
        row = session.query(CredentialRow).one()
        moved = {column.name: getattr(row, column.name) for column in CredentialRow.__table__.columns}
        session.add(CredentialRow(**{**moved, "holder": f"person {room.bo.id}", "id": "copied"}))
    with refused("credential_unreadable", "credentials.key"):
        credentials.lend(Holder(room.bo.id), url)
    assert lent(room) == []
    # Neither does the database without its key.
    key.unlink()
    with refused("credential_unreadable"):
        credentials.lend(holder, url)

    replaced = keep(room, url, secret="another")
    assert [one.id for one in credentials.listed(holder)] == [replaced]
    credentials.delete(room.ana.id, replaced)
    assert credentials.listed(holder) == []


async def test_trying_it_out(room: Room, url: str, guard: Guard) -> None:
    id = keep(room, url)
    tried = await room.projects.try_credential(room.ana.id, id, url)
    assert (tried.branches, tried.default) == (1, "main")
    guard.tokens["ana"] = "renewed"
    with refused("authentication_refused"):
        await room.projects.try_credential(room.ana.id, id, url)
    with refused("no_such_credential"):
        await room.projects.try_credential(room.bo.id, id, url)


async def test_a_cancelled_clone_takes_back_what_it_was_lent(room: Room, remote: Remote, guard: Guard) -> None:
    remote.push({"big.txt": os.urandom(2_000_000).hex()})
    with slow_http(remote.path.parent, seconds=30, guard=guard) as base:
        url = f"{base}/forecast.git"
        allow(room.home.path, url)
        keep(room, url)
        operation = await room.projects.clone(url, "", room.ana.id)
        for _ in range(300):
            await asyncio.sleep(0.05)
            if "Receiving objects" in room.operations.get(operation.id).message:
                break
        assert lent(room)
        await room.operations.cancel(operation.id)
        assert lent(room) == []
